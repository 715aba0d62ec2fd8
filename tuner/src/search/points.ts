import type { BatchPolicy, CostTable, Layout, MeasuredTable, ServiceLevelTarget, VariantName } from "@sweetspot/crds";
import { CostModel, policiesFor, type SimulatedServer } from "@sweetspot/planner";

/** One point of the search: a variant in a layout under a batching policy, ready for the simulator. */
export interface SearchPoint extends SimulatedServer {
  readonly variant: VariantName;
  readonly layout: Layout;
  readonly table: CostTable;
}

/** Every measured table under every policy. */
export function pointsFor(
  tables: readonly MeasuredTable[],
  target: ServiceLevelTarget,
  batchable: boolean,
): SearchPoint[] {
  const policies = policiesFor(target, batchable);
  return tables.flatMap((measured) => {
    // One cost model for all policies of a table: its columns are worth keeping.
    const cost = CostModel.fromTable(measured.table);
    return policies.map((policy) => pointOf(measured, policy, cost));
  });
}

export function pointOf(
  { variant, layout, table }: MeasuredTable,
  policy: BatchPolicy,
  cost = CostModel.fromTable(table),
): SearchPoint {
  const { noiseFactors } = table;
  const { instances, threadsPerInstance } = layout;
  return { variant, layout, table, policy, cost, noiseFactors, instances, threadsPerInstance };
}

/** A name that tells points apart, fit for a file: `int8dynamic-2x1-b8-15ms-f2`. */
export function nameOf({ variant, layout, policy }: SearchPoint): string {
  const threads = `${layout.instances}x${layout.threadsPerInstance}`;
  if (policy.maximumRows === 1) return `${variant.toLowerCase()}-${threads}-b1-f${policy.inFlightPerInstance}`;
  const { maximumBatchMicroseconds: cap } = policy;
  const longest = isShort(cap) ? `${cap}us` : `${Math.round(cap / 1000)}ms`;
  return `${variant.toLowerCase()}-${threads}-b${policy.maximumRows}-${longest}-f${policy.inFlightPerInstance}`;
}

/** Whole milliseconds would make the caps of a tight target look alike. */
const isShort = (microseconds: number): boolean => microseconds < 5000;

/** A point in words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8 and 15 ms". */
export function summaryOf({ variant, layout, policy }: Pick<SearchPoint, "variant" | "layout" | "policy">): string {
  const threads = `${layout.instances}x${layout.threadsPerInstance} threads${layout.pinned ? ", pinned" : ""}`;
  const { maximumBatchMicroseconds: cap } = policy;
  const milliseconds = isShort(cap) ? cap / 1000 : Math.round(cap / 1000);
  const batch = policy.maximumRows === 1 ? "no batching" : `batch <= ${policy.maximumRows} and ${milliseconds} ms`;
  const ahead = policy.inFlightPerInstance > 1 ? `, ${policy.inFlightPerInstance} batches in hand` : "";
  return `OnnxRuntime ${variant}, ${threads}, ${batch}${ahead}`;
}
