import type { CostModel } from "@sweetspot/planner";

/** What batches cost, as the dispatcher asks for it and tells of it. */
export interface BatchCosts {
  /** For decisions: follows what is observed. */
  readonly cost: CostModel;
  /** Is `cost` measured? Only then may it predict. */
  readonly measured: boolean;
  /** What the plan's own table says, microseconds; null without one. Rows and length as the engine computes them. */
  expectedMicroseconds(rows: number, length: number): number | null;
  /** A batch ended after so long in its engine. */
  observe(rows: number, length: number, microseconds: number): void;
}

/** Costs that never change. */
export const fixedCosts = (cost: CostModel, measured = false): BatchCosts => ({
  cost,
  measured,
  expectedMicroseconds: (rows, length) => (measured ? cost.batchMicroseconds(rows, length) : null),
  observe: () => undefined,
});
