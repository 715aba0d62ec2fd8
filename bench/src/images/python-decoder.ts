import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { peerPython } from "../peers/python-environment.ts";

/** The ways of `decode_jpegs.py`. */
export const pythonWays = ["pillow", "pillow-draft", "simplejpeg"] as const;
export type PythonWay = (typeof pythonWays)[number];

interface Measured {
  /** CPU time of the whole process per image. */
  readonly microseconds: number;
  /** Of the tensor, to see that it is the same work. */
  readonly mean: number;
}

/** A Python process that decodes one JPEG file as often as it is told. */
export class PythonDecoder implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(python: string, file: string) {
    const program = fileURLToPath(new URL("./decode_jpegs.py", import.meta.url));
    this.#child = spawn(python, ["-E", "-s", "-B", program, file]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Throws `PeerUnavailableError` where its libraries do not install. */
  static async start(file: string): Promise<PythonDecoder> {
    return new PythonDecoder(await peerPython("images"), file);
  }

  async decode(way: PythonWay, count: number): Promise<Measured> {
    this.#child.stdin.write(`${way} ${count}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the Python decoder ended");
    return JSON.parse(value) as Measured;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.once("close", resolve));
  }
}
