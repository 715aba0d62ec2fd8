import { multiplyInto } from "@sweetspot/sidecar";
import { fitFactor } from "./recipe-fit.ts";
import { channelOf, cheapest, correctionsFor, differences, type Layout, layoutsOf, samples } from "./recipe-layouts.ts";

export interface Multiplication extends Layout {
  readonly factors: Float32Array;
  readonly corrections: [number, number][];
}

/** FP32 results as weights times one factor a channel; null when they are something else. */
export function findMultiplication(
  weights: Float32Array,
  results: Float32Array,
  dims: readonly number[],
): Multiplication | null {
  return cheapest(layoutsOf(dims), (layout) => solve(weights, results, layout));
}

function solve(weights: Float32Array, results: Float32Array, layout: Layout): Multiplication | null {
  if (!plausible(weights, results, layout)) return null;
  const factors = Float32Array.from({ length: layout.channels }, (_, channel) =>
    fitFactor(channelOf(weights, layout, channel), channelOf(results, layout, channel)),
  );
  const computed = new Float32Array(results.length);
  multiplyInto(computed, weights, 0, { ...layout, factors });
  const corrections = differences(bitsOf(computed), bitsOf(results), correctionsFor(results.length));
  return corrections && { ...layout, factors, corrections };
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Products are equal but for rounding, far closer than chance brings unrelated numbers. */
const tolerance = 1e-6;
const toleratedShare = 0.05;

function plausible(weights: Float32Array, results: Float32Array, layout: Layout): boolean {
  for (const sample of samples(weights, results, layout)) {
    const factor = fitFactor(sample.weights, sample.results);
    const wrong = sample.weights.filter((weight, index) => {
      const product = weight * factor;
      return Math.abs(product - (sample.results[index] as number)) > tolerance * Math.abs(product);
    });
    if (wrong.length > toleratedShare * sample.weights.length) return false;
  }
  return true;
}
