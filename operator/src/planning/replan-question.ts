import type { CostTable, ServiceLevelTarget, ServingPlan, TrafficSnapshot, TuningReport } from "@sweetspot/crds";
import type { PlanSettings } from "@sweetspot/planner";

/** A new plan is looked for in what was measured. Can be cloned, because it goes to a thread. */
export interface ReplanQuestion {
  readonly report: Pick<TuningReport, "tables" | "candidates" | "decision" | "question">;
  /** The plan that serves, as pods have it. */
  readonly plan: ServingPlan;
  readonly target: ServiceLevelTarget;
  /** Sizes of the requests to plan for. */
  readonly traffic: Pick<TrafficSnapshot, "lengths" | "rows">;
  /** How many times as long as in the tables engines take by now; 1 where the tables hold. */
  readonly slowdown: number;
  /** The table of `plan` as its pods have fitted it to what they observe; none where that is not asked for or not told. */
  readonly fitted: readonly CostTable[];
  /** Settings that were tried for this and were not better. */
  readonly rejected: readonly PlanSettings[];
  /** The search ends with what it knows after so long. */
  readonly milliseconds: number;
}

export type ReplanAnswer =
  | {
      readonly kind: "Found";
      readonly plan: ServingPlan;
      readonly summary: string;
      /** Requests per second of one replica, as predicted, corrected by what the race measured. */
      readonly capacityRequestsPerSecond: number;
      /** The same of the plan that serves; null where its table is gone. */
      readonly capacityBefore: number | null;
      /** Only the cost table is another: nothing that requests would notice at once. */
      readonly sameSettings: boolean;
    }
  /** The plan that serves is the best that the tables know. */
  | { readonly kind: "Stays"; readonly capacityRequestsPerSecond: number }
  /** The best one was tried before and was not better. */
  | { readonly kind: "TriedBefore"; readonly summary: string }
  | { readonly kind: "Impossible"; readonly problem: string };
