import { elementwiseModel, embeddingModel, writeOnnx } from "../builders/onnx-model.ts";
import { Workplace } from "../integration/cli-process.ts";
import { ServedModel } from "../integration/served-model.ts";
import { type FuzzReport, fuzzPort } from "./fuzz-port.ts";
import { wellFormed } from "./http-message.ts";

export interface FuzzedServer {
  readonly model: string;
  readonly report: FuzzReport;
  /** The process ended while it was fuzzed. */
  readonly crashed: boolean;
  /** Engine processes that ended meanwhile. */
  readonly engineRestarts: number;
}

const twoInputs = ["ids", "mask"].map((name) => ({
  name,
  datatype: "INT64" as const,
  shape: [2, 3],
  values: [1, 1, 1, 1, 0, 1],
}));
const oneInput = [{ name: "x", datatype: "FP32" as const, shape: [1, 5], values: [0.5, 1, -2, 3e-5, 4] }];

/**
 * Sends mutated HTTP messages to two real servers, one after the other: a model with two inputs of integers with
 * bounds, and one with a single input of floats. `messages`: in all.
 */
export async function fuzzHttpServers(
  messages: number,
  seed: number,
  hangMilliseconds: number,
): Promise<FuzzedServer[]> {
  const fuzzed: FuzzedServer[] = [];
  for (const [bytes, tensors] of [
    [embeddingModel(), twoInputs],
    [elementwiseModel(), oneInput],
  ] as const) {
    const workplace = await Workplace.open();
    try {
      const server = await ServedModel.start(workplace, "--model", await writeOnnx(bytes), "--name", "fuzzed");
      const port = Number(new URL(server.url).port);
      const corpus = wellFormed("fuzzed", tensors);
      const half = Math.ceil(messages / 2);
      const report = await fuzzPort({ port, messages: half, seed, hangMilliseconds, corpus });
      const ended = await Promise.race([server.command.exited, Promise.resolve("running")]);
      const crashed = ended !== "running";
      const engineRestarts = crashed ? 0 : await server.metric("sweetspot_engine_restarts");
      fuzzed.push({ model: tensors.map(({ name }) => name).join(" and "), report, crashed, engineRestarts });
    } finally {
      await workplace.close();
    }
  }
  return fuzzed;
}
