import type { MeasuredTable, ServiceLevelTarget } from "@sweetspot/crds";
import { type PlanPoint, planPoint, planPoints, policiesFor } from "@sweetspot/planner";

/** One point of the search: a variant in a layout under a batching policy, ready for the simulator. */
export type SearchPoint = PlanPoint;

export const pointOf = planPoint;

/** Every measured table under every policy. */
export const pointsFor = (
  tables: readonly MeasuredTable[],
  target: ServiceLevelTarget,
  batchable: boolean,
): SearchPoint[] => planPoints(tables, policiesFor(target, batchable));

export { nameOf, summaryOf } from "@sweetspot/planner";
