import type { BatchPolicy, ServiceLevelTarget, ServingPlan } from "@sweetspot/crds";
import { CostModel, policiesFor, searchPlans } from "@sweetspot/planner";

/** The policy that the simulator finds best for a target, and the rate that it says it carries. */
interface SimulatedBest {
  readonly policy: BatchPolicy;
  /** Requests per second. */
  readonly capacity: number;
}

/**
 * Searches all policies over a plan's measured table. `ideal`: as if taking requests in, handing batches over and the
 * clients themselves cost nothing, which no real server on the same CPUs can reach.
 */
export function simulatedBest(
  { costTable, layout }: ServingPlan,
  lengths: readonly number[],
  target: ServiceLevelTarget,
  ideal: boolean,
): SimulatedBest {
  if (costTable === undefined) throw new Error("the plan has no measured table");
  const nothing = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  const cost = CostModel.fromTable(ideal ? { ...costTable, overhead: nothing } : costTable);
  const { instances, threadsPerInstance } = layout;
  const points = policiesFor(target, true).map((policy) => ({
    policy,
    cost,
    instances,
    threadsPerInstance,
    noiseFactors: costTable.noiseFactors,
  }));
  const shapes = lengths.map((length) => ({ rows: 1, length, group: "" }));
  const [best] = searchPlans(points, { target, shapes, seed: 5, stop: () => false });
  if (best === undefined) throw new Error("there is no policy");
  return { policy: best.point.policy, capacity: best.prediction.capacityRequestsPerSecond };
}
