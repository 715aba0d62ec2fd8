import type { QualityMetric } from "@sweetspot/crds";
import { elementCount, type Tensor } from "@sweetspot/sidecar";
import { indexOfLargest, isFloat, numbersOf } from "./numbers.ts";

/**
 * What a metric keeps of a sample's outputs; the rest, such as 6,625 probabilities a step, is dropped at once.
 * - `vectors`: each output, flattened.
 * - `classes`: the class on top at each position; -1 where there is none (NaN).
 * - `text`: the classes of a decoded text.
 */
export type Reading =
  | { readonly kind: "vectors"; readonly vectors: readonly ArrayLike<number>[] }
  | { readonly kind: "classes"; readonly classes: readonly number[] }
  | { readonly kind: "text"; readonly classes: readonly number[] };

/** Outputs that cannot be judged by the metric; the message is fit for the user. */
export class MetricError extends Error {
  override readonly name = "MetricError";
}

/** Reads one sample's outputs as the metric looks at them. Throws `MetricError` where the metric does not fit them. */
export function readOutputs(metric: QualityMetric, outputs: readonly Tensor[]): Reading {
  if (metric === "CosineSimilarity") return { kind: "vectors", vectors: vectorsOf(outputs) };
  const scores = outputs.find((output) => isFloat(output) && output.shape.length >= 2);
  if (metric === "TextAgreement") return { kind: "text", classes: decodeGreedily(required(scores, metric)) };
  if (scores !== undefined) return { kind: "classes", classes: topClasses(scores) };
  const labels = outputs.find(({ datatype }) => datatype !== "BYTES");
  return { kind: "classes", classes: Array.from(numbersOf(required(labels, metric))) };
}

function required(output: Tensor | undefined, metric: QualityMetric): Tensor {
  if (output !== undefined) return output;
  throw new MetricError(`The model has no output that ${metric} can judge: choose another metric, or other outputs.`);
}

/** The floating-point outputs; where there are none the numeric ones. */
function vectorsOf(outputs: readonly Tensor[]): ArrayLike<number>[] {
  const floats = outputs.filter(isFloat);
  const chosen = floats.length > 0 ? floats : outputs.filter(({ datatype }) => datatype !== "BYTES");
  if (chosen.length === 0) throw new MetricError("The model has no numeric output: CosineSimilarity cannot judge it.");
  // A copy: the bytes may belong to the engine's frame.
  return chosen.map((output) => Float64Array.from(numbersOf(output)));
}

/** The class on top at each position of scores [..., classes]. */
function topClasses(scores: Tensor): number[] {
  const numbers = numbersOf(scores);
  const classes = scores.shape.at(-1) ?? 1;
  const positions = elementCount(scores.shape.slice(0, -1));
  return Array.from({ length: positions }, (_, position) => indexOfLargest(numbers, position * classes, classes));
}

const blank = 0;

/**
 * Greedy decoding of scores [..., time, classes] (connectionist temporal classification, Graves et al., 2006): the best
 * class of each step, repeats merged, blanks (class 0) dropped. A step with NaN is a class of its own, -1.
 */
function decodeGreedily(scores: Tensor): number[] {
  const steps = topClasses(scores);
  return steps.filter((best, step) => best !== blank && best !== steps[step - 1]);
}
