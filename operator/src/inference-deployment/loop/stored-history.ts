import { PlanHistory, parseDocument, ServingPlan } from "@sweetspot/crds";
import { parsedOnce } from "../../parsed-once.ts";
import type { ConfigMap } from "../../resources.ts";
import { historyKeys } from "../../specs/history-config-map.ts";

/** A target's history with the plans that no TuningRun holds. */
export interface StoredHistory {
  readonly history: PlanHistory;
  readonly plans: ReadonlyMap<string, ServingPlan>;
}

/** Null where there is none, or none that can be read: then the history begins anew. */
export const readHistory = (stored: ConfigMap | undefined): StoredHistory | null =>
  stored === undefined ? null : parsed(stored);

const parsed = parsedOnce(({ data = {} }: ConfigMap): StoredHistory | null => {
  const history = safely(PlanHistory, data[historyKeys.history], "The history");
  if (history === null) return null;
  const plans = history.revisions.flatMap(({ name }): [string, ServingPlan][] => {
    const plan = safely(ServingPlan, data[historyKeys.plan(name)], "A plan of the history");
    return plan === null ? [] : [[name, plan]];
  });
  return { history, plans: new Map(plans) };
});

function safely<S extends typeof PlanHistory | typeof ServingPlan>(
  schema: S,
  text: string | undefined,
  what: string,
): ReturnType<S["parse"]> | null {
  if (text === undefined) return null;
  try {
    return parseDocument(schema, text, what) as ReturnType<S["parse"]>;
  } catch {
    return null;
  }
}
