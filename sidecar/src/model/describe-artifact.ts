import type { ServingPlan } from "@sweetspot/crds";
import { PlanError } from "../plan/plan-error.ts";
import { describeUpstream } from "../upstream/describe-upstream.ts";
import { describeModel } from "./describe-model.ts";
import type { ModelSignature } from "./signature.ts";

/**
 * The signature of what a plan serves: from its model file, or from the server that has the model, which is waited for. Throws
 * `PlanError` where that server has another model than the plan was made for; else what the one asked throws.
 */
export async function describeArtifact({ artifact, batching, inputBounds }: ServingPlan): Promise<ModelSignature> {
  if (artifact.engine !== "OpenInference") return describeModel(artifact.file);
  const { signature, digest, maximumRows } = await describeUpstream(artifact.file, artifact.options);
  if (digest !== artifact.digest) {
    throw new PlanError(
      `The plan cannot be served: the inputs and outputs of the upstream model have the digest ${digest}, but the plan names ${artifact.digest}; make the plan again.`,
    );
  }
  if (maximumRows !== null && batching.maximumRows > maximumRows) {
    throw new PlanError(
      `The plan cannot be served: it makes batches of ${batching.maximumRows} rows, and the upstream server takes ${maximumRows} at most.`,
    );
  }
  return { ...signature, inputBounds };
}
