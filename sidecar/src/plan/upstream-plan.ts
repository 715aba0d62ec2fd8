import { apiVersion, type Padding, type ServiceLevelTarget, type ServingPlan } from "@sweetspot/crds";
import { createEnginePool } from "../engine/create-pool.ts";
import type { EnginePool, EngineSettings } from "../engine/engine.ts";
import { type ParityResult, probeParity } from "../model/parity-probe.ts";
import { describeUpstream, type UpstreamDescription } from "../upstream/describe-upstream.ts";
import { AddressError } from "../upstream/model-address.ts";
import { PlanError } from "./plan-error.ts";

export interface UpstreamPlanRequest {
  /** `http://HOST:PORT/v2/models/NAME` and its relatives. */
  readonly address: string;
  readonly modelName: string;
  readonly target: ServiceLevelTarget;
  /** Batches that the other server gets at once; by its own configuration, or one for each CPU, where absent. */
  readonly concurrency?: number;
  /** Rows of a batch at most; 16, or what the other server takes, where absent. */
  readonly maximumRows?: number;
  /** CPUs of this machine. */
  readonly cpus: number;
}

const usualRows = 16;

/**
 * The plan to batch in front of a server that was never measured: requests share a batch where their shapes agree, or where a
 * probe proves that padding changes nothing; there are no predictions. Waits for the server. Rejects with `PlanError`, or with
 * `AddressError`.
 */
export async function upstreamPlan(request: UpstreamPlanRequest): Promise<ServingPlan> {
  const { address, modelName, target } = request;
  const described = await describe(address);
  const rows = rowsFor(request, described);
  const layout = {
    instances: request.concurrency ?? described.instances ?? request.cpus,
    threadsPerInstance: 1,
    pinned: false,
    spinning: false,
  };
  const settings: EngineSettings = { engine: "OpenInference", file: address, layout };
  const padding = rows > 1 ? await provenPadding(settings, described) : null;
  return {
    apiVersion,
    kind: "ServingPlan",
    revision: "upstream",
    modelName,
    artifact: { variant: "Source", engine: "OpenInference", file: address, digest: described.digest },
    inputBounds: [],
    ...(padding !== null && { padding }),
    layout,
    batching: {
      former: "CostTable",
      maximumRows: rows,
      maximumBatchMicroseconds: target.latencyMilliseconds * 1000,
      holdMicroseconds: 0,
      windowRequests: 256,
      inFlightPerInstance: 2,
    },
    admission: { maximumQueuedRows: 4096, maximumQueuedBytes: 256 * 1024 * 1024, refuseLate: false },
    serviceLevel: target,
  };
}

async function describe(address: string): Promise<UpstreamDescription> {
  try {
    return await describeUpstream(address);
  } catch (cause) {
    if (cause instanceof AddressError) throw cause;
    throw new PlanError(
      "The upstream server does not answer, or it has no such model that is ready; check its address and its log.",
      { cause },
    );
  }
}

function rowsFor(
  { maximumRows = usualRows }: UpstreamPlanRequest,
  { signature, maximumRows: most }: UpstreamDescription,
) {
  return signature.batchable ? Math.min(maximumRows, most ?? Number.POSITIVE_INFINITY) : 1;
}

/** Null also where the server takes none of the made-up rows: without proof nothing is padded. */
async function provenPadding(settings: EngineSettings, { signature }: UpstreamDescription): Promise<Padding | null> {
  const pool = await createEnginePool(settings);
  try {
    return (await probe(pool, signature)).padding;
  } catch {
    return null;
  } finally {
    await pool.close(0);
  }
}

const probe = (pool: EnginePool, signature: UpstreamDescription["signature"]): Promise<ParityResult> =>
  probeParity(
    pool,
    signature,
    signature.outputs.map(({ name }) => name),
  );
