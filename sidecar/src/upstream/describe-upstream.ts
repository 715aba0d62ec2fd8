import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, type EngineOptions, type UpstreamModel } from "@sweetspot/crds";
import { EngineFailure } from "../engine/engine.ts";
import type { ModelSignature, TensorSpec } from "../model/signature.ts";
import { findVariableAxis } from "../model/variable-axis.ts";
import { HttpTransport } from "./http-transport.ts";
import { parseModelAddress } from "./model-address.ts";
import type { Transport } from "./transport.ts";

/** What another server says of a model. */
export interface UpstreamDescription {
  readonly signature: ModelSignature;
  /** Of names, datatypes and shapes: it changes with whatever a plan depends on. */
  readonly digest: string;
  /** Rows that one request may have at most; null where the server does not tell. */
  readonly maximumRows: number | null;
  /** Batches that the server computes at once; null where it does not tell. */
  readonly instances: number | null;
}

/** Opens the protocol that the address names; gRPC's library is loaded only where it is wanted. Throws `AddressError`. */
export async function openTransport(address: string, options: EngineOptions = {}): Promise<Transport> {
  const parsed = parseModelAddress(address);
  if (parsed.protocol === "http") {
    const { encoding } = options;
    return new HttpTransport(parsed, encoding === "binary" || encoding === "json" ? encoding : null);
  }
  const { GrpcTransport } = await import("./grpc-transport.ts");
  return new GrpcTransport(parsed);
}

const callMilliseconds = 10_000;
const pauseMilliseconds = 250;
const defaultPatienceMilliseconds = 120_000;

/**
 * Asks a server for the signature of a model, and waits for it while the server starts. Rejects with `EngineFailure` where it
 * is not ready in time, or says what cannot be read.
 */
export async function describeUpstream(
  address: string,
  options: EngineOptions = {},
  patienceMilliseconds: number = defaultPatienceMilliseconds,
): Promise<UpstreamDescription> {
  const transport = await openTransport(address, options);
  try {
    await waitUntilReady(transport, patienceMilliseconds);
    return await readDescription(transport);
  } finally {
    transport.close();
  }
}

async function waitUntilReady(transport: Transport, patienceMilliseconds: number): Promise<void> {
  const deadline = performance.now() + patienceMilliseconds;
  while (!(await transport.isReady(Math.min(callMilliseconds, patienceMilliseconds)))) {
    if (performance.now() > deadline) {
      throw new EngineFailure("Unavailable", "the upstream server does not answer, or its model is not ready");
    }
    await sleep(pauseMilliseconds);
  }
}

async function readDescription(transport: Transport): Promise<UpstreamDescription> {
  const model = await transport.model(callMilliseconds);
  const config = await transport.config(callMilliseconds);
  const instances = config?.instance_group.reduce((sum, { count }) => sum + count, 0) ?? 0;
  return {
    signature: signatureOfMetadata(model),
    digest: upstreamDigest(model),
    // 0 says that the model has no batch axis of Triton's kind; then the shapes alone decide.
    maximumRows: config === null || config.max_batch_size === 0 ? null : config.max_batch_size,
    instances: instances === 0 ? null : instances,
  };
}

export const upstreamDigest = ({ inputs, outputs }: UpstreamModel): string => digestOf({ inputs, outputs });

/** As `describeModel` says it of a file; which axes are one, and what ids are allowed, only the plan can add. */
function signatureOfMetadata({ inputs, outputs, platform }: UpstreamModel): ModelSignature {
  const specs = inputs.map(withSymbols);
  return {
    inputs: specs,
    outputs: outputs.map(withSymbols),
    batchable: specs.every(({ shape }) => shape[0] === -1),
    variableAxis: findVariableAxis(specs),
    inputBounds: [],
    ...(platform !== "" && { platform }),
  };
}

const withSymbols = (tensor: UpstreamModel["inputs"][number]): TensorSpec => ({
  ...tensor,
  symbols: tensor.shape.map(() => null),
});
