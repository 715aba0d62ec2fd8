import { resolve } from "node:path";
import { apiVersion, type ServiceLevelTarget, type ServingPlan, safeRevision } from "@sweetspot/crds";
import { describeModel } from "../model/describe-model.ts";
import { fileDigest } from "./file-digest.ts";

/**
 * The plan for a model that was never measured: the model as it is, one instance with all usable CPUs, no batching, no
 * padding, no predictions, nothing pinned. Right answers first; a tuned plan replaces it. Throws `PlanError` for
 * a file that cannot be read and `ModelFileError` for one that is no model.
 */
export async function safePlan(
  modelFile: string,
  modelName: string,
  target: ServiceLevelTarget,
  cpus: number,
): Promise<ServingPlan> {
  const file = resolve(modelFile);
  const digest = await fileDigest(file);
  const { inputBounds } = await describeModel(file);
  return {
    apiVersion,
    kind: "ServingPlan",
    revision: safeRevision,
    modelName,
    artifact: { variant: "Source", engine: "OnnxRuntime", file, digest },
    inputBounds: [...inputBounds],
    layout: { instances: 1, threadsPerInstance: cpus, pinned: false, spinning: false },
    batching: {
      former: "Fifo",
      maximumRows: 1,
      maximumBatchMicroseconds: target.latencyMilliseconds * 1000,
      holdMicroseconds: 0,
      windowRequests: 64,
      inFlightPerInstance: 1,
    },
    admission: { maximumQueuedRows: 4096, maximumQueuedBytes: 256 * 1024 * 1024, refuseLate: false },
    serviceLevel: target,
  };
}
