import type { Classification } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";
import { floatsOf, OutputFormError } from "./pool-embedding.ts";

/**
 * The best classes of one row [1, classes] as `SCORE:INDEX` or `SCORE:INDEX:LABEL`, best first; equal scores keep the
 * order of the classes. Fewer than `topK` where the model has fewer classes. Throws `OutputFormError`.
 */
export function topClasses(
  { topK, softmax }: Classification,
  output: Tensor,
  labels: readonly string[] | null,
): string[] {
  if (output.shape.length !== 2) throw new OutputFormError(`output ${output.name} has the shape [${output.shape}]`);
  const scores = softmax ? probabilities(floatsOf(output)) : floatsOf(output);
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, topK).map((index) => {
    const label = labels?.[index];
    return `${(scores[index] as number).toFixed(6)}:${index}${label === undefined ? "" : `:${label}`}`;
  });
}

/** The largest score is taken off first, so that no exponential overflows. */
function probabilities(scores: Float32Array): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
