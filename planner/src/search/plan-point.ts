import type { BatchPolicy, CostTable, Layout, MeasuredTable, VariantName } from "@sweetspot/crds";
import { CostModel } from "../cost/cost-model.ts";
import type { SimulatedServer } from "../simulator/simulate.ts";

/** One point of the search: a variant in a layout under a batching policy, ready for the simulator. */
export interface PlanPoint extends SimulatedServer {
  readonly variant: VariantName;
  readonly layout: Layout;
  readonly table: CostTable;
}

/** A table and what it belongs to, as far as a plan needs it. */
export type PlanTable = Pick<MeasuredTable, "variant" | "layout" | "table">;

export function planPoint(
  { variant, layout, table }: PlanTable,
  policy: BatchPolicy,
  cost = CostModel.fromTable(table),
): PlanPoint {
  const { noiseFactors, stalls, drift } = table;
  const { instances, threadsPerInstance } = layout;
  return { variant, layout, table, policy, cost, noiseFactors, stalls, drift, instances, threadsPerInstance };
}

/** Every table under every policy. */
export function planPoints(tables: readonly PlanTable[], policies: readonly BatchPolicy[]): PlanPoint[] {
  return tables.flatMap((table) => {
    // One cost model for all policies of a table: its columns are worth keeping.
    const cost = CostModel.fromTable(table.table);
    return policies.map((policy) => planPoint(table, policy, cost));
  });
}
