import { canonicalJson, type PlanHistory, type ServingPlan } from "@sweetspot/crds";
import { historyName, targetLabels } from "./names.ts";

/** Keys of a history's ConfigMap. */
export const historyKeys = {
  /** The `PlanHistory`. */
  history: "history.json",
  /** The `ServingPlan` of a revision that no TuningRun holds. */
  plan: (revision: string): string => `${revision}.plan.json`,
} as const;

/** A target's history, equal text for equal content, with the plans that were found since it was measured. */
export function historyConfigMap(
  deployment: string,
  target: string,
  history: PlanHistory,
  plans: ReadonlyMap<string, ServingPlan>,
) {
  const kept = history.revisions.flatMap(({ name }) => {
    const plan = plans.get(name);
    return plan === undefined ? [] : [[historyKeys.plan(name), canonicalJson(plan)] as const];
  });
  return {
    metadata: { name: historyName(deployment, target), labels: targetLabels(deployment, target, "history") },
    data: { [historyKeys.history]: canonicalJson(history), ...Object.fromEntries(kept) },
  };
}
