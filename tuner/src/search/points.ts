import type { BatchPolicy, MeasuredTable } from "@sweetspot/crds";
import { type PlanPoint, planPoint, planPoints } from "@sweetspot/planner";

/** One point of the search: a variant in a layout under a batching policy, ready for the simulator. */
export type SearchPoint = PlanPoint;

export const pointOf = planPoint;

/** Every measured table under every policy. */
export const pointsFor = (tables: readonly MeasuredTable[], policies: readonly BatchPolicy[]): SearchPoint[] =>
  planPoints(tables, policies);

export { nameOf, summaryOf } from "@sweetspot/planner";
