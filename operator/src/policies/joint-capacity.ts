import type { Autoscaling } from "@sweetspot/crds";

/** One target at a look. */
export interface TargetCapacity {
  /** Requests per second that one replica carries within the target. */
  readonly capacity: number;
  /** Replicas that answer requests. */
  readonly ready: number;
}

/**
 * Requests per second that the ready replicas of all targets carry together. Where each pod gets the same share of the requests, whatever
 * it carries, the slowest misses the target first, so that nobody carries more than it does. Capacities add up only where
 * each request goes to the pod with the fewest outstanding. Pure.
 */
export function jointCapacity(targets: readonly TargetCapacity[], balancing: Autoscaling["loadBalancing"]): number {
  const serving = targets.filter(({ ready }) => ready > 0);
  if (serving.length === 0) return 0;
  const least = Math.min(...serving.map(({ capacity }) => capacity));
  return serving.reduce((sum, { capacity, ready }) => sum + (balancing === "Even" ? least : capacity) * ready, 0);
}
