import type { MeasuredPlan, Observation } from "./observation.ts";

/** Engines are slower, or faster, when observed over expected time has moved by more than this. */
export const costMoved = 1.15;

/** How observed over expected engine time has changed since promotion: 2 is twice as slow. */
export interface CostShift {
  readonly overall: number;
  /** Of nodes that are known now and then, in the order of their names. */
  readonly nodes: readonly { readonly name: string; readonly shift: number }[];
  /** What the front's share of the CPUs explains of `overall`, and was taken out of it. */
  readonly explainedByRate: number;
}

/** Null without a cost table, or with too little traffic now or at promotion. */
export function costShift({ present, promoted, plan, readyReplicas }: Observation): CostShift | null {
  if (present.costRatio === null || promoted === null || promoted.costRatio === null) return null;
  const slowed = (rate: number) => (plan === null ? 1 : frontSlowdown(plan, rate / Math.max(1, readyReplicas)));
  const explainedByRate = slowed(present.requestsPerSecond) / slowed(promoted.requestsPerSecond);
  const before = new Map(promoted.nodes.map(({ name, costRatio }) => [name, costRatio]));
  const nodes = present.nodes.flatMap(({ name, costRatio }) => {
    // A node that is new since then is held against what was usual.
    const usual = before.get(name) ?? promoted.costRatio;
    return costRatio === null || usual === null ? [] : [{ name, shift: costRatio / usual / explainedByRate }];
  });
  return { overall: present.costRatio / promoted.costRatio / explainedByRate, nodes, explainedByRate };
}

/** The front takes CPU time from the engines in proportion to the rate: more traffic alone makes batches slower, as the simulator has it. */
function frontSlowdown({ costTable, layout }: MeasuredPlan, requestsPerSecond: number): number {
  const shared = costTable?.overhead.shared;
  if (shared === undefined) return 1;
  const left = shared.cpus - (requestsPerSecond * shared.microsecondsPerRequest) / 1e6;
  return Math.max(1, (layout.instances * layout.threadsPerInstance) / Math.max(0.1 * shared.cpus, left));
}
