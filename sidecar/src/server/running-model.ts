import { canonicalJson, type ServingPlan } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { type RequestShape, requestShaper } from "../batch/shape.ts";
import type { EnginePool } from "../engine/engine.ts";
import type { ModelSignature } from "../model/signature.ts";
import { visibleTensors } from "../pipeline/encoded-schema.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { PlanError } from "../plan/plan-error.ts";
import { type RequestSchema, requestSchema } from "../protocol/oip/request-schema.ts";
import { CostWatch } from "../telemetry/cost-watch.ts";
import { ServiceLevel } from "../telemetry/service-level.ts";
import type { Tensor } from "../tensor.ts";
import { fixedCosts } from "./batch-costs.ts";
import type { Dispatcher, DispatchSettings } from "./dispatcher.ts";

/** A plan that serves: everything that a request meets between its bytes and its engine. */
export interface RunningModel {
  readonly plan: ServingPlan;
  readonly signature: ModelSignature;
  /** The inputs and outputs that clients are told of: those of the pipeline where the plan has one. */
  readonly visible: Pick<ModelSignature, "inputs" | "outputs">;
  readonly schema: RequestSchema;
  /** Counts the request as one that wants an engine. */
  readonly shape: (inputs: readonly Tensor[]) => RequestShape;
  /** The same for a request that is counted already. */
  readonly shapeOf: (inputs: readonly Tensor[]) => RequestShape;
  readonly pool: EnginePool;
  readonly dispatcher: Dispatcher;
  /** Where the plan has one. */
  readonly pipeline?: Pipeline;
  /** Counts since this plan was taken. */
  readonly level: ServiceLevel;
  /** Its cost table and what became of it; null where it has none. */
  readonly costs: CostWatch | null;
}

/** The parts of a plan that need new engine processes when they change; all others apply in place. */
const needsNewEngines = ({ artifact, layout, padding, outputs, pipeline }: ServingPlan) => ({
  // The same bytes may lie elsewhere after a restart of the volume.
  artifact: {
    variant: artifact.variant,
    engine: artifact.engine,
    digest: artifact.digest,
    options: artifact.options ?? {},
  },
  layout,
  padding: padding ?? null,
  outputs: outputs ?? null,
  pipeline: pipeline ?? null,
});

/** Can both run on the same engine processes? Then they differ in policy at most. */
export const sameEngines = (a: ServingPlan, b: ServingPlan): boolean =>
  canonicalJson(needsNewEngines(a)) === canonicalJson(needsNewEngines(b));

/** What the dispatcher takes from a plan. A model whose rows cannot be joined is never batched. */
export function dispatchSettings({
  plan,
  signature,
  costs,
}: Pick<RunningModel, "plan" | "signature" | "costs">): DispatchSettings {
  const { batching, admission } = plan;
  return {
    policy: signature.batchable ? batching : { ...batching, maximumRows: 1 },
    admission,
    costs: costs ?? fixedCosts(CostModel.unmeasured()),
  };
}

/** What a plan takes over from the one before on the same engines. */
type Inherited = Partial<Pick<RunningModel, "level" | "costs">>;

/**
 * The parts of a running model that follow from plan and signature alone. What is known of the same cost table goes on.
 * Throws `Error` for unknown tensor names.
 */
export function compilePlan(plan: ServingPlan, signature: ModelSignature, inherited: Inherited = {}) {
  const { level = new ServiceLevel(plan.serviceLevel, new Date()) } = inherited;
  const shapeOf = requestShaper(signature, plan.padding);
  return {
    plan,
    signature,
    visible: visibleTensors(plan, signature),
    schema: requestSchema(signature, plan),
    /** Asked for once for each request that wants an engine, whatever protocol it came by, so it is counted here. */
    shape: (inputs: readonly Tensor[]): RequestShape => {
      const shape = shapeOf(inputs);
      level.arrived(shape);
      return shape;
    },
    shapeOf,
    level,
    costs: costsOf(plan, inherited.costs ?? null),
  };
}

function costsOf({ costTable }: ServingPlan, inherited: CostWatch | null): CostWatch | null {
  if (costTable === undefined) return null;
  return inherited?.isOf(costTable) ? inherited : new CostWatch(costTable);
}

/** As `compilePlan`, for a plan that nobody has checked against the model yet. Throws `PlanError`. */
export function compileOrRefuse(...args: Parameters<typeof compilePlan>): ReturnType<typeof compilePlan> {
  try {
    return compilePlan(...args);
  } catch (cause) {
    throw new PlanError("The plan cannot be served: it names inputs that the model does not have.", { cause });
  }
}
