import * as z from "zod";

/** The serving checklist: what to try before a model goes into production. */
export const ChecklistTopic = z.enum([
  "Versions",
  "SystemActivity",
  "Bottleneck",
  "OverlapInput",
  "Padding",
  "ImageDecoding",
  "HalfPrecision",
  "INT8",
  "Batching",
  "OptimizedEngine",
  "DistilledModel",
  "CorePinning",
  "SequenceBucketing",
]);
export type ChecklistTopic = z.infer<typeof ChecklistTopic>;

/** Speed or capacity with the item over that without it; above 1 it helped. The interval covers 95 %. */
export const MeasuredRatio = z.object({
  estimate: z.number().positive(),
  low: z.number().nonnegative(),
  high: z.number().positive(),
  /**
   * What was compared. `Race`: capacity under the target of two servers in paired rounds, each with the batching policy
   * that suits it best and otherwise equal.
   * `Trial`: one run of either server at saturation; the interval comes from the machine's noise. `CostTable`: times of
   * batches inside the engine; likewise.
   */
  basis: z.enum(["Race", "Trial", "CostTable"]),
});
export type MeasuredRatio = z.infer<typeof MeasuredRatio>;

/**
 * What became of one item. `Gained` and `Lost` were measured and lie outside of the noise; `NoDifference` was measured
 * and lies within it. `Checked` was looked at, and there is nothing to compare it with. `NotApplicable` and `NotTried`
 * say why.
 */
export const ChecklistItem = z.object({
  topic: ChecklistTopic,
  outcome: z.enum(["Gained", "Lost", "NoDifference", "Checked", "NotApplicable", "NotTried"]),
  /** Present where, and only where, it was measured with and without. */
  ratio: MeasuredRatio.nullable(),
  message: z.string().min(1).max(1024),
});
export type ChecklistItem = z.infer<typeof ChecklistItem>;
