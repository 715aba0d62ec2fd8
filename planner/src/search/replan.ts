import type { BatchPolicy, Layout, ServiceLevelTarget } from "@sweetspot/crds";
import type { RequestShape } from "../simulator/workload.ts";
import { type PlanPoint, type PlanTable, planPoint, planPoints } from "./plan-point.ts";
import { policiesFor } from "./policies.ts";
import { byCapacity, capacityClass, type Predicted, searchPlans } from "./search.ts";

/** What distinguishes one plan from another for the same model. */
export interface PlanSettings {
  readonly variant: PlanTable["variant"];
  readonly layout: Layout;
  readonly batching: BatchPolicy;
}

/** The tables that still hold, the plan that runs, and the traffic or target that is new. */
export interface ReplanRequest {
  /** Of the variants that may be served now. */
  readonly tables: readonly PlanTable[];
  readonly current: PlanSettings;
  readonly target: ServiceLevelTarget;
  readonly shapes: readonly RequestShape[];
  readonly seed: number;
  /** Asked between points: true ends the search with what is known. */
  readonly stop: () => boolean;
}

export interface Replan {
  readonly best: Predicted<PlanPoint>;
  /** What the running plan would do; null where there is no table for its layout. */
  readonly current: Predicted<PlanPoint> | null;
  /** Is the best one better than the running one by more than a simulation can tell? */
  readonly changed: boolean;
}

/** Points around which it is worth asking whether holding a batch back helps. */
const neighbourhood = 4;

/**
 * A new plan for new traffic or a new target from the tables that were measured already: no benchmark, a second or two.
 * The plan that runs stays unless another one is better by more than a simulation can tell.
 *
 * Throws a `RangeError` without tables.
 */
export function replan(request: ReplanRequest): Replan {
  const { tables, current, target } = request;
  const running = pointOf(tables, current);
  const batchable = tables.some(({ table }) => table.cells.some(({ rows }) => rows > 1));
  const policies = policiesFor(target, batchable);
  const points = planPoints(servable(tables, current), policies.filter(workConserving));
  const all = running === null ? points : [running, ...points];
  if (all.length === 0) throw new RangeError("there is no table to plan from");
  const first = searchPlans(all, request);
  const held = first.slice(0, neighbourhood).flatMap(({ point }) => heldBack(point, policies));
  const second = held.length === 0 || request.stop() ? [] : searchPlans(held, request);
  const ranked = [...first, ...second].sort(byCapacity);
  const own = ranked.find(({ point }) => point === running) ?? null;
  const best = ranked[0] as Predicted<PlanPoint>;
  const changed = own === null || capacityClass(best) > capacityClass(own);
  return { best: changed ? best : own, current: own, changed };
}

/** Pinning and spinning are no matter of the tables: whether they pay was found out with the server around the engines. */
const runs = (own: Layout, layout: Layout): boolean =>
  own.instances === layout.instances &&
  own.threadsPerInstance === layout.threadsPerInstance &&
  own.spinning === layout.spinning;

/** The tables of layouts as the server runs them; only the naive default, where nothing was tuned, spins. */
const servable = (tables: readonly PlanTable[], { layout }: PlanSettings): PlanTable[] =>
  tables
    .filter((table) => table.layout.spinning === layout.spinning || !table.layout.spinning)
    .map((table) => ({ ...table, layout: { ...table.layout, pinned: layout.pinned } }));

/** The point of a plan with the table that was measured for its layout; null where there is none. */
export function pointOf(tables: readonly PlanTable[], { variant, layout, batching }: PlanSettings): PlanPoint | null {
  const table = tables.find((one) => one.variant === variant && runs(one.layout, layout));
  return table === undefined ? null : planPoint({ ...table, layout }, batching);
}

const workConserving = ({ holdMicroseconds }: BatchPolicy): boolean => holdMicroseconds === 0;

/** The same point under the policies that differ from its own only in holding batches back. */
function heldBack(point: PlanPoint, policies: readonly BatchPolicy[]): PlanPoint[] {
  const { maximumRows, maximumBatchMicroseconds, inFlightPerInstance } = point.policy;
  return policies
    .filter(
      (policy) =>
        !workConserving(policy) &&
        policy.maximumRows === maximumRows &&
        policy.maximumBatchMicroseconds === maximumBatchMicroseconds &&
        policy.inFlightPerInstance === inFlightPerInstance,
    )
    .map((policy) => planPoint(point, policy, point.cost));
}
