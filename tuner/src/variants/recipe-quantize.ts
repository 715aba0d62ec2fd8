import { type IntegerType, quantizeInto } from "@sweetspot/sidecar";
import { fitScale, fitZeroPoint } from "./recipe-fit.ts";
import {
  channelOf,
  cheapest,
  correctionsFor,
  differences,
  type Layout,
  layoutsOf,
  type Numbers,
  sampledElements,
  samples,
} from "./recipe-layouts.ts";

type Integers = Int8Array | Uint8Array;

export interface FoundQuantization extends Layout {
  readonly scales: Float32Array;
  readonly zeroPoints: Integers;
  readonly corrections: [number, number][];
}

/** What is to be explained: FP32 weights and the integers that they became. */
interface Pair {
  readonly weights: Float32Array;
  readonly results: Integers;
  readonly type: IntegerType;
  readonly layout: Layout;
}

/**
 * Integers as quantized weights; null when they are something else. `known` are scales that lie in the variant anyway:
 * arrays of them that fit are preferred, and given back as they are.
 */
export function findQuantization(
  pair: Omit<Pair, "layout">,
  dims: readonly number[],
  known: readonly Float32Array[],
): FoundQuantization | null {
  return cheapest(layoutsOf(dims), (layout) => {
    const candidate = { ...pair, layout };
    return plausible(candidate) ? solve(candidate, known) : null;
  });
}

/** A first look may miss the exact scale by a little, and so get some elements wrong. */
const toleratedShare = 0.05;

function plausible({ weights, results, type, layout }: Pair): boolean {
  for (const sample of samples(weights, results, layout)) {
    const one = { channels: 1, stride: sample.weights.length };
    const piece = { weights: sample.weights, results: sample.results, type, layout: one };
    const wrong = Math.min(
      ...zeroPointsOf(piece).map((zeroPoints) => mismatches(piece, scalesFor(piece, zeroPoints), zeroPoints)),
    );
    if (wrong > toleratedShare * sample.weights.length) return false;
  }
  return true;
}

/** The zero points to try: of symmetric quantization, then of any other. A sample tells an integer. */
function zeroPointsOf({ weights, results, type, layout }: Pair): Integers[] {
  const zeros = new (type === "INT8" ? Int8Array : Uint8Array)(layout.channels);
  const take = <T extends Numbers>(values: T, channel: number) => channelOf(values, layout, channel, sampledElements);
  return [zeros, zeros.map((_, channel) => fitZeroPoint(take(weights, channel), take(results, channel), type))];
}

/** The scales that explain `most` elements of each channel, all of them unless given. */
function scalesFor({ weights, results, type, layout }: Pair, zeroPoints: Integers, most?: number): Float32Array {
  return Float32Array.from(zeroPoints, (zeroPoint, channel) =>
    fitScale(channelOf(weights, layout, channel, most), channelOf(results, layout, channel, most), zeroPoint, type),
  );
}

function quantized({ weights, type, layout }: Pair, scales: Float32Array, zeroPoints: Integers): Uint8Array {
  const computed = new Uint8Array(weights.length);
  quantizeInto(computed, weights, 0, { ...layout, type, scales, zeroPoints });
  return computed;
}

const bytesOf = ({ results }: Pair): Uint8Array => new Uint8Array(results.buffer, results.byteOffset, results.length);

function mismatches(pair: Pair, scales: Float32Array, zeroPoints: Integers): number {
  const computed = quantized(pair, scales, zeroPoints);
  return bytesOf(pair).reduce((sum, value, index) => sum + (value === computed[index] ? 0 : 1), 0);
}

/** The fewest corrections win; scales that are known win before those that the recipe would have to carry. */
function solve(pair: Pair, known: readonly Float32Array[]): FoundQuantization | null {
  let best: FoundQuantization | null = null;
  const attempt = (scales: Float32Array, zeroPoints: Integers) => {
    const most = best === null ? correctionsFor(pair.results.length) : best.corrections.length - 1;
    if (most < 0) return;
    const corrections = differences(quantized(pair, scales, zeroPoints), bytesOf(pair), most);
    if (corrections !== null) best = { ...pair.layout, scales, zeroPoints, corrections };
  };
  const choices = zeroPointsOf(pair);
  for (const zeroPoints of choices) {
    const rough = scalesFor(pair, zeroPoints, sampledElements);
    for (const scales of known) if (resembles(scales, rough)) attempt(scales, zeroPoints);
  }
  if (best === null) for (const zeroPoints of choices) attempt(scalesFor(pair, zeroPoints), zeroPoints);
  return best;
}

/** Equal but for what a fit cannot know; a channel without weights fits to any scale. */
function resembles(scales: Float32Array, fitted: Float32Array): boolean {
  if (scales.length !== fitted.length) return false;
  const near = fitted.filter((value, index) => Math.abs(value / (scales[index] as number) - 1) < 0.02);
  return near.length >= 0.9 * fitted.length;
}
