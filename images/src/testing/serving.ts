import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { DirectModel, inferenceRequest, lineImages, ocrModels, recogniserTensors } from "@sweetspot/test";

interface Ready {
  readonly model: string;
  readonly httpPort: number;
}

/** A started `sweetspot serve --json`, whatever it runs in. */
export class Serving {
  readonly #child: ChildProcess;
  readonly #ready: Ready;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.#ready = ready;
  }

  /** Starts a command line that ends in `serve`, on ports of the system's choice, and waits until it is ready. */
  static async start(command: readonly string[], model: string): Promise<Serving> {
    const [file = "", ...words] = command;
    const ports = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"];
    const child = spawn(file, [...words, "--model", model, ...ports, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, error] = ["", ""];
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      error += text;
    });
    const ready = new Promise<Ready>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        if (out.includes("\n")) resolve(JSON.parse(out) as Ready);
      });
      child.once("close", () => reject(new Error(`it ended before it was ready: ${error}`)));
    });
    return new Serving(child, await ready);
  }

  /** The answer to one picture of a line of text, and what ONNX Runtime says to it in this process. */
  async recognise(seed: number): Promise<{ served: readonly number[]; direct: readonly number[] }> {
    const [image] = await lineImages(1, seed);
    if (image === undefined) throw new Error("no picture was drawn");
    const body = inferenceRequest(image);
    const url = `http://127.0.0.1:${this.#ready.httpPort}/v2/models/${this.#ready.model}/infer`;
    const response = await fetch(url, { method: "POST", body });
    const answer = (await response.json()) as { outputs: readonly { data: readonly number[] }[] };
    const [input] = (JSON.parse(body) as { inputs: readonly { shape: number[]; data: number[] }[] }).inputs;
    const data = new Uint8Array(Float32Array.from(input?.data ?? []).buffer);
    const tensor = { name: recogniserTensors.input, datatype: "FP32" as const, shape: input?.shape ?? [], data };
    const model = await DirectModel.load(ocrModels.recogniser);
    const direct = await model.run([tensor], recogniserTensors.output);
    return { served: answer.outputs[0]?.data ?? [], direct: Array.from(direct) };
  }

  /** Asks it to end and returns its exit code. */
  async stop(): Promise<number | null> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const [code] = (await closed) as [number | null];
    return code;
  }
}

/** The largest difference of two arrays; not a number when they differ in length. */
export const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length
    ? a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - (b[index] ?? NaN))), 0)
    : NaN;
