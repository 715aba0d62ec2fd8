import type { QualityMetric, Task } from "@sweetspot/crds";
import type { Sample } from "../inputs/sample.ts";
import { editDistance } from "./edit-distance.ts";
import { MetricError, type Reading } from "./reading.ts";

/**
 * What one sample lost: `lost` out of `of`. The loss of a set is the ratio of the sums.
 * Most metrics count a sample as one; a text counts its characters, so that long texts weigh more.
 */
export interface SampleLoss {
  readonly lost: number;
  readonly of: number;
}

type Label = Sample["label"];

/** The metric that fits a task, where the user chose none. */
export function defaultMetric(task: Task, labelled: boolean): QualityMetric {
  if (task === "TextRecognition") return "TextAgreement";
  if (task === "Generic" || task === "TextEmbedding") return "CosineSimilarity";
  return labelled ? "LabelAccuracy" : "Top1Agreement";
}

/** Holds a variant's reading of one sample against the reference's, as `QualityMetric` defines it. */
export function lossOf(metric: QualityMetric, reference: Reading, variant: Reading, label: Label): SampleLoss {
  if (reference.kind === "vectors" && variant.kind === "vectors") return cosineLoss(reference, variant);
  if (reference.kind === "text" && variant.kind === "text") return textLoss(reference, variant);
  if (reference.kind === "classes" && variant.kind === "classes") {
    return metric === "LabelAccuracy" ? labelLoss(reference, variant, label) : top1Loss(reference, variant);
  }
  throw new MetricError("reference and variant were read for different metrics");
}

type Of<K extends Reading["kind"]> = Extract<Reading, { kind: K }>;

/** The worst output counts: a good token vector must not hide a bad sentence vector. */
function cosineLoss(reference: Of<"vectors">, variant: Of<"vectors">): SampleLoss {
  const losses = reference.vectors.map((vector, index) => 1 - cosine(vector, variant.vectors[index] ?? []));
  return { lost: Math.min(1, Math.max(0, ...losses)), of: 1 };
}

/** Cosine of the angle between two vectors; 0 where they differ in size, hold NaN, or only one of them is zero. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return 0;
  let [product, normA, normB] = [0, 0, 0];
  for (let index = 0; index < a.length; index += 1) {
    const [x, y] = [a[index] as number, b[index] as number];
    product += x * y;
    normA += x * x;
    normB += y * y;
  }
  if (normA === 0 && normB === 0) return 1;
  const value = product / Math.sqrt(normA * normB);
  return Number.isFinite(value) ? value : 0;
}

/** Share of the positions (one for a classifier) with another class on top. */
function top1Loss(reference: Of<"classes">, variant: Of<"classes">): SampleLoss {
  const positions = reference.classes;
  if (positions.length !== variant.classes.length) return { lost: 1, of: 1 };
  const wrong = positions.filter((best, index) => best === -1 || best !== variant.classes[index]).length;
  return { lost: wrong / Math.max(1, positions.length), of: 1 };
}

/** 1 where only the reference is right, -1 where only the variant is, else 0. */
function labelLoss(reference: Of<"classes">, variant: Of<"classes">, label: Label): SampleLoss {
  const right = labelClass(label);
  return { lost: Number(reference.classes[0] === right) - Number(variant.classes[0] === right), of: 1 };
}

function labelClass(label: Label): number {
  const index = typeof label === "string" && /^\d+$/.test(label) ? Number(label) : label;
  if (typeof index === "number") return index;
  throw new MetricError("LabelAccuracy needs a class index as the label of every sample: number the classes from 0.");
}

const textLoss = (reference: Of<"text">, variant: Of<"text">): SampleLoss => ({
  lost: editDistance(reference.classes, variant.classes),
  of: reference.classes.length,
});
