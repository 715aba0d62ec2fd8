import * as z from "zod";
import { envelope, VariantName } from "./common.ts";
import { Layout } from "./serving-plan.ts";
import { Interval, QualityResult, VariantResult } from "./tuning-report.ts";

const Text = z.string().max(1024);

/** One thing that is not the same in two reports. */
export const Change = z.object({ what: z.string().min(1).max(128), before: Text, after: Text });
export type Change = z.infer<typeof Change>;

/**
 * The second report's figure over the first's, with a 95 % interval. They were measured at different times, so it is never
 * narrower than what a machine's speed may change unnoticed; it is a difference only where it does not hold 1.
 */
export const ComparedRatio = z.object({
  what: z.string().min(1).max(256),
  ratio: Interval,
  outcome: z.enum(["Faster", "Slower", "NoDifference"]),
});
export type ComparedRatio = z.infer<typeof ComparedRatio>;

/** What became of a variant in either report; null where it was not considered. */
const VariantOutcome = z.object({
  state: VariantResult.shape.state,
  eligible: z.boolean(),
  quality: QualityResult.nullable(),
});

/** The answer to `sweetspot compare`: what changed from one tuning to another. */
export const ReportComparison = z.object({
  ...envelope("ReportComparison"),
  /** Differences of the question: model, target, samples, budget, ... */
  question: z.array(Change).max(64),
  /** Differences of the machine and of the versions on it. */
  environment: z.array(Change).max(128),
  winner: z.object({ before: Text, after: Text, changed: z.boolean() }),
  /** Capacity of the winners and of candidates that both raced; above 1 the second one carries more. */
  capacity: z.array(ComparedRatio).max(64),
  /** Speed of the engine by cost table, over the shapes that both have. */
  tables: z.array(ComparedRatio.extend({ variant: VariantName, layout: Layout, shapes: z.int().min(1) })).max(64),
  variants: z
    .array(z.object({ variant: VariantName, before: VariantOutcome.nullable(), after: VariantOutcome.nullable() }))
    .max(48),
});
export type ReportComparison = z.infer<typeof ReportComparison>;
