import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServingPlan } from "@sweetspot/crds";
import { tensorNodeFlags } from "@sweetspot/sidecar";
import * as z from "zod";

const program = fileURLToPath(new URL(`./point-server-program${extname(import.meta.url)}`, import.meta.url));
const Ready = z.object({ inferUrl: z.url() });

/** A real server that goes from point to point of the grid within one variant and layout. */
export class PointServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  inferUrl = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(plan: ServingPlan): Promise<PointServer> {
    const options = { execArgv: [...tensorNodeFlags], stdio: ["ignore", "ignore", "inherit", "ipc"] as const };
    const server = new PointServer(fork(program, { ...options, stdio: [...options.stdio] }));
    await server.take(plan);
    return server;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Serves another plan; resolves when it is in effect. Rejects when the server ends instead. */
  async take(plan: ServingPlan): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const ended = () => reject(new Error("the server of the grid ended"));
    this.#child.once("message", resolve).once("exit", ended);
    this.#child.send(JSON.stringify(plan));
    this.inferUrl = Ready.parse(await promise).inferUrl;
    this.#child.off("exit", ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 4000);
    await exited;
    clearTimeout(kill);
  }
}
