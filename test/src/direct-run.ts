import "./no-telemetry.ts";
import type { Tensor } from "@sweetspot/sidecar";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

/** Runs a model in this very process, without any of our own code between: the reference of every proof. */
export class DirectModel {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async load(file: string, threads = 1): Promise<DirectModel> {
    return new DirectModel(await InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 }));
  }

  /** One FP32 output; inputs are FP32 or INT64. Blocks the thread while it runs. */
  async run(inputs: readonly Tensor[], output: string): Promise<Float32Array> {
    const feeds = Object.fromEntries(inputs.map((tensor) => [tensor.name, toOrt(tensor)]));
    const answer = await this.#session.run(feeds, [output]);
    return answer[output]?.data as Float32Array;
  }
}

function toOrt({ datatype, shape, data }: Tensor): OrtTensor {
  // A copy, because the bytes of a tensor may lie at any offset of their buffer.
  const { buffer } = new Uint8Array(data);
  if (datatype === "INT64") return new OrtTensor("int64", new BigInt64Array(buffer), shape);
  return new OrtTensor("float32", new Float32Array(buffer), shape);
}
