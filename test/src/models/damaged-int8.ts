import { seededRandom } from "@sweetspot/planner";
import { tensorPayloads } from "@sweetspot/sidecar";

const int8 = 3;

/**
 * A quantized model with this share of its 8-bit weights replaced by random ones, the same for the same seed: what a bug in a
 * quantizer or a bad calibration may look like. Throws for a model without such weights.
 */
export function damagedWeights(model: Uint8Array, share: number, seed: number): Uint8Array {
  const weights = tensorPayloads(model).tensors.filter(({ type, dims }) => type === int8 && dims.length > 1);
  if (weights.length === 0) throw new Error("the model has no weights in INT8");
  const damaged = new Uint8Array(model);
  const random = seededRandom(seed);
  for (const { start, end } of weights) {
    for (let at = start; at < end; at += 1) {
      if (random() < share) damaged[at] = Math.floor(256 * random());
    }
  }
  return damaged;
}
