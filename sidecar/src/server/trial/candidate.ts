import { canonicalJson, type ServingPlan } from "@sweetspot/crds";
import { PlanError } from "../../plan/plan-error.ts";
import { retire } from "../retire.ts";
import { compileOrRefuse, compilePlan, dispatchSettings, type RunningModel, sameEngines } from "../running-model.ts";

/**
 * Makes a candidate ready beside the plan that serves: on the same engines where only the policy differs, else by `load`. Both
 * count into one service level. Rejects with `PlanError` where it cannot be served, or clients would notice which one serves.
 */
export async function loadCandidate(
  plan: ServingPlan,
  incumbent: RunningModel,
  load: (plan: ServingPlan) => Promise<RunningModel>,
): Promise<RunningModel> {
  if (plan.modelName !== incumbent.plan.modelName) {
    throw new PlanError("The candidate cannot be tried: its model has another name than the one that is served.");
  }
  if (sameEngines(plan, incumbent.plan)) {
    const own = { ...incumbent, ...compileOrRefuse(plan, incumbent.signature, incumbent) };
    checkInterface(own, incumbent);
    return own;
  }
  const loaded = await load(plan);
  try {
    checkInterface(loaded, incumbent);
  } catch (error) {
    await retire(loaded, 0);
    throw error;
  }
  return { ...loaded, ...compilePlan(plan, loaded.signature, { level: incumbent.level, costs: loaded.costs }) };
}

/** Requests that wait move from one plan to the other, so that each must take what the other took. */
function checkInterface(candidate: RunningModel, incumbent: RunningModel): void {
  if (sameInterface(candidate, incumbent)) return;
  throw new PlanError(
    "The candidate cannot be tried: its inputs, outputs or input pipeline are not those of the plan that serves.",
  );
}

/** Does each take every request that the other took, and give the same outputs? */
export const sameInterface = (a: RunningModel, b: RunningModel): boolean => interfaceOf(a) === interfaceOf(b);

function interfaceOf({ plan, signature, visible, schema }: RunningModel): string {
  const tensors = [signature.inputs, signature.outputs, visible.inputs, visible.outputs].map((list) =>
    list.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
  );
  return canonicalJson([tensors, schema.outputs, plan.pipeline ?? null]);
}

/** From now on `to` serves what waits in `from`; the batches that run there finish there. */
export function serveInstead(to: RunningModel, from: RunningModel): void {
  if (to.dispatcher === from.dispatcher) to.dispatcher.update(dispatchSettings(to));
  else to.dispatcher.adopt(from.dispatcher.release(), to.shapeOf);
}
