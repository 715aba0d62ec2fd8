import type { Predicted } from "@sweetspot/planner";
import type { SearchPoint } from "./points.ts";

/**
 * The two points worth racing: the best prediction, and the best one that differs in what the simulator is least sure
 * of: another variant or layout, or whether to batch at all. Two neighbours that differ by a row cap would race in vain.
 *
 * `ranked`: predictions, best first.
 */
export function chooseEntrants(ranked: readonly Predicted<SearchPoint>[]): Predicted<SearchPoint>[] {
  const [first] = ranked;
  if (first === undefined) return [];
  const second = ranked.find(({ point }) => differs(point, first.point));
  return second === undefined ? [first] : [first, second];
}

function differs(a: SearchPoint, b: SearchPoint): boolean {
  const sameLayout =
    a.layout.instances === b.layout.instances && a.layout.threadsPerInstance === b.layout.threadsPerInstance;
  const bothBatch = a.policy.maximumRows > 1 === b.policy.maximumRows > 1;
  return a.variant !== b.variant || !sameLayout || !bothBatch;
}
