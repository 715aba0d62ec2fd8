import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { peerPython } from "../peers/python-environment.ts";
import type { Recording } from "./recording.ts";
import { type RivalSearch, Seen } from "./rival-searches.ts";

const program = fileURLToPath(new URL("./tpe.py", import.meta.url));
/** It proposes the same points again and again where it is sure. */
const mostProposals = 100;

type Point = Recording["points"][number];

/** What a point is chosen by: a value of each axis names at most one. */
const axes: Readonly<Record<string, (point: Point) => string>> = {
  variant: ({ variant }) => variant,
  layout: ({ layout }) => `${layout.instances}x${layout.threadsPerInstance}${layout.spinning ? " spinning" : ""}`,
  policy: ({ policy }) => JSON.stringify(policy),
};

/** Optuna's TPE in a process of its own, in a Python environment that is made at the first start. */
export class TpeSearch implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(python: string) {
    this.#child = spawn(python, ["-u", program], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Throws `PeerUnavailableError` where Optuna cannot be installed. */
  static async start(): Promise<TpeSearch> {
    return new TpeSearch(await peerPython("optuna"));
  }

  /** Measures what the sampler proposes. What it proposes again costs nothing, and what the grid lacks is worth nothing. */
  readonly search: RivalSearch = async ({ points }, machine, seconds, random) => {
    const seen = new Seen();
    const values = Object.entries(axes).map(([name, of]) => [name, [...new Set(points.map(of))]]);
    const seed = Math.floor(random() * 2 ** 31);
    let proposal = await this.#ask({ seed, axes: Object.fromEntries(values) });
    for (let i = 0; i < mostProposals && machine.elapsedSeconds < seconds; i += 1) {
      const point = points.findIndex((each) => Object.entries(axes).every(([name, of]) => of(each) === proposal[name]));
      const value = point === -1 ? 0 : (seen.valueOf(point) ?? seen.see(machine, point));
      proposal = await this.#ask({ value });
    }
    return seen.best();
  };

  [Symbol.dispose](): void {
    this.#child.stdin.end();
  }

  async #ask(message: object): Promise<Record<string, string>> {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the process of Optuna ended");
    return JSON.parse(value) as Record<string, string>;
  }
}
