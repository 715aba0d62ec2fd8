import type { Cause, CostTable, Layout, ServiceLevelTarget, TrafficSnapshot } from "@sweetspot/crds";
import type { NodeVerdict } from "../node-kinds.ts";
import type { ServiceLevelVerdict } from "../service-level.ts";

/** What the plan that runs was promised to do when it was measured. */
export interface MeasuredPlan {
  readonly costTable: CostTable | null;
  readonly layout: Layout;
  /** Requests per second that one replica carries within the target. */
  readonly capacityRequestsPerSecond: number;
  readonly bestReachableMilliseconds: number;
}

/** The plan that runs, and what was before it. */
interface RevisionHistory {
  readonly name: string;
  /** When the pods took it, milliseconds since the epoch. */
  readonly since: number;
  /** What to go back to; null where there is nothing before it. */
  readonly previous: string | null;
  /** Share of bad requests in the last minutes before it; null without traffic. */
  readonly shareBefore: number | null;
}

/** Everything that the policies look at. The same for each. */
export interface Observation {
  readonly target: ServiceLevelTarget;
  readonly level: ServiceLevelVerdict;
  readonly present: TrafficSnapshot;
  /** Requests per second of the last seconds, at the least, by `surgeRate`; `present` has the mean of a minute. */
  readonly surge: number;
  /** When the plan was promoted; null before the first promotion. */
  readonly promoted: TrafficSnapshot | null;
  readonly revision: RevisionHistory | null;
  /** Null while a plan runs that was never measured. */
  readonly plan: MeasuredPlan | null;
  readonly readyReplicas: number;
  /** What the pods run on, held against what was measured. */
  readonly nodes: NodeVerdict;
}

/**
 * What may be done about a cause. `Replan` searches the refitted table again, in seconds and without a restart; when that did not
 * help, `retuning.ts` may measure. `Benchmark` measures at once: there is no table to search. `Advise` says what a person may do.
 */
export type Remedy =
  | { readonly kind: "RollBack"; readonly revision: string }
  | { readonly kind: "Replan" }
  | { readonly kind: "Benchmark" }
  | { readonly kind: "Scale"; readonly replicas: number }
  | { readonly kind: "Move"; readonly nodes: readonly string[] }
  | { readonly kind: "Advise" };

/** What one policy found. */
export interface Diagnosis {
  readonly cause: Cause;
  /** Is it so? Where it is not, the figures say why not. */
  readonly holds: boolean;
  /** The figures that decided, by name; ratios are plain numbers, units are in the names. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly sentence: string;
  readonly remedy: Remedy;
}

/** Looks for one cause. Null where what it needs is not known. */
export type DiagnosisPolicy = (observation: Observation) => Diagnosis | null;
