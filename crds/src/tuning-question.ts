import * as z from "zod";
import { Count, Digest, envelope, MadeVariant, Name, Positive, ServiceLevelTarget, VariantName } from "./common.ts";

/** What a model is for. It decides how quality is judged. */
export const Task = z.enum([
  "Generic",
  "TextEmbedding",
  "TextClassification",
  "ImageClassification",
  "TextRecognition",
]);
export type Task = z.infer<typeof Task>;

/**
 * How the outputs of a variant are held against the reference, per sample, as a loss between 0 and 1:
 * - `CosineSimilarity`: 1 - cosine of the flattened outputs.
 * - `Top1Agreement`: another class on top.
 * - `LabelAccuracy`: the reference is right and the variant is not, less the reverse; needs labels.
 * - `TextAgreement`: edit distance of the greedily decoded texts (CTC) over the reference's length.
 */
export const QualityMetric = z.enum(["CosineSimilarity", "Top1Agreement", "LabelAccuracy", "TextAgreement"]);
export type QualityMetric = z.infer<typeof QualityMetric>;

export const QualityLimit = z.object({
  metric: QualityMetric,
  /** 100 basis points = 1 %. */
  maximumLossBasisPoints: z.int().min(0).max(10_000),
  /** `Unchecked` lets a lossy variant win without proof. */
  mode: z.enum(["Enforce", "Unchecked"]),
});
export type QualityLimit = z.infer<typeof QualityLimit>;

/** One question to the tuner. An answer keyed by its digest is a tuning profile. */
export const TuningQuestion = z.object({
  ...envelope("TuningQuestion"),
  model: z.object({ name: Name, digest: Digest }),
  task: Task,
  serviceLevel: ServiceLevelTarget,
  quality: QualityLimit,
  workload: z.object({
    /** `Synthesised`: nobody gave samples, so lengths and values are made up within safe bounds. */
    source: z.enum(["Samples", "Synthesised"]),
    samples: Positive,
    digest: Digest,
    labelled: z.boolean(),
    /** The rate that one replica should carry, where the user knows it. */
    requestsPerSecond: z.number().positive().nullable(),
  }),
  variants: z.array(MadeVariant).min(1).max(16),
  /** Models that the user brings under names of their own; absent where there are none. */
  supplied: z
    .array(z.object({ name: VariantName, digest: Digest }))
    .min(1)
    .max(8)
    .optional(),
  cpus: Positive,
  budgetSeconds: Positive,
  seed: Count,
});
export type TuningQuestion = z.infer<typeof TuningQuestion>;
