import type { BatchPolicy } from "@sweetspot/crds";
import { apiVersion, type CostTable, type Layout, type ServingPlan } from "@sweetspot/crds";
import { engineSettingsOf } from "../measure/single-engine.ts";
import type { LoadableVariant, OpenedModel, TuningState } from "../tuning-state.ts";

/** A queue this long is minutes of work for any model: it only guards the memory, prediction refuses long before. */
const admission = { maximumQueuedRows: 8192, maximumQueuedBytes: 256 * 1024 * 1024, refuseLate: true };

/** What distinguishes one plan for a model from another. */
export interface PlanChoice {
  readonly revision: string;
  readonly variant: LoadableVariant;
  readonly layout: Layout;
  readonly policy: BatchPolicy;
  readonly table: CostTable | undefined;
}

/** The serving plan of one candidate; its model file is named by absolute path. */
export function planFor(
  { request, model }: Pick<TuningState, "request"> & { readonly model: Pick<OpenedModel, "signature" | "outputs"> },
  { revision, variant, layout, policy, table }: PlanChoice,
): ServingPlan {
  return {
    apiVersion,
    kind: "ServingPlan",
    revision,
    modelName: request.modelName,
    artifact: {
      variant: variant.variant,
      ...engineSettingsOf(variant.variant),
      file: variant.file,
      digest: variant.digest,
    },
    outputs: [...model.outputs],
    inputBounds: [...model.signature.inputBounds],
    ...(variant.padding === undefined ? {} : { padding: variant.padding }),
    layout,
    batching: policy,
    admission,
    serviceLevel: request.target,
    ...(table === undefined ? {} : { costTable: table }),
  };
}
