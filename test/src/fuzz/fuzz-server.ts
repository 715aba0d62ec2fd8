import { elementwiseModel, embeddingModel, writeOnnx } from "../builders/onnx-model.ts";
import { Workplace } from "../integration/cli-process.ts";
import { ServedModel } from "../integration/served-model.ts";
import { type FuzzReport, fuzzPort } from "./fuzz-port.ts";
import { wellFormedCalls } from "./grpc/grpc-message.ts";
import { grpcTarget } from "./grpc/grpc-target.ts";
import { type FuzzTensor, wellFormed } from "./http-message.ts";
import { httpTarget } from "./http-target.ts";

export type FuzzProtocol = "HTTP" | "gRPC";

export interface FuzzedServer {
  readonly model: string;
  readonly protocol: FuzzProtocol;
  readonly report: FuzzReport;
  /** The process ended while it was fuzzed. */
  readonly crashed: boolean;
  /** Engine processes that ended since the server started. */
  readonly engineRestarts: number;
}

const twoInputs: FuzzTensor[] = ["ids", "mask"].map((name) => ({
  name,
  datatype: "INT64" as const,
  shape: [2, 3],
  values: [1, 1, 1, 1, 0, 1],
}));
const oneInput: FuzzTensor[] = [{ name: "x", datatype: "FP32", shape: [1, 5], values: [0.5, 1, -2, 3e-5, 4] }];

/**
 * Sends mutated messages to two real servers, one after the other: a model with two inputs of integers with bounds, and
 * one with a single input of floats. `messages`: in all, over both servers and all protocols.
 */
export async function fuzzServers(
  protocols: readonly FuzzProtocol[],
  messages: number,
  seed: number,
  hangMilliseconds: number,
): Promise<FuzzedServer[]> {
  const fuzzed: FuzzedServer[] = [];
  const share = Math.ceil(messages / 2 / protocols.length);
  for (const [model, tensors] of [
    [embeddingModel(), twoInputs],
    [elementwiseModel(), oneInput],
  ] as const) {
    const workplace = await Workplace.open();
    try {
      const server = await ServedModel.start(workplace, "--model", await writeOnnx(model), "--name", "fuzzed");
      for (const protocol of protocols) {
        const report = await fuzzPort({
          messages: share,
          seed,
          hangMilliseconds,
          ...targetOf(protocol, server, tensors),
        });
        const ended = await Promise.race([server.command.exited, Promise.resolve("running")]);
        const crashed = ended !== "running";
        const engineRestarts = crashed ? 0 : await server.metric("sweetspot_engine_restarts");
        fuzzed.push({
          model: tensors.map(({ name }) => name).join(" and "),
          protocol,
          report,
          crashed,
          engineRestarts,
        });
      }
    } finally {
      await workplace.close();
    }
  }
  return fuzzed;
}

const targetOf = (protocol: FuzzProtocol, { url, grpcAddress }: ServedModel, tensors: readonly FuzzTensor[]) =>
  protocol === "HTTP"
    ? { port: Number(new URL(url).port), target: httpTarget(wellFormed("fuzzed", tensors)) }
    : { port: Number(grpcAddress.split(":")[1]), target: grpcTarget(wellFormedCalls("fuzzed", tensors)) };
