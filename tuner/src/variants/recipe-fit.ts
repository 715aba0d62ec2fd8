import { type IntegerType, integerRanges } from "@sweetspot/sidecar";
import type { Numbers } from "./recipe-layouts.ts";

/**
 * Finds the numbers of one channel from what went in and what came out. Each element allows an interval of multipliers,
 * and one that lies in all intervals explains the whole channel: no knowledge of the tool that chose it is needed, and
 * what it multiplied before it rounded (a folded normalization) is found with it.
 */

interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Weights smaller than this say nothing about a multiplier that FP32 can resolve. */
const negligible = 1e-30;

/** The range that a result may have come from by rounding. */
type Bound = (result: number) => number;

/** The multipliers m for which low(result) <= weight * m <= high(result) holds for all; empty where low > high. */
function multipliers(weights: Numbers, results: Numbers, lowOf: Bound, highOf: Bound): Interval {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] as number;
    if (Math.abs(weight) < negligible) continue;
    const a = lowOf(results[index] as number) / weight;
    const b = highOf(results[index] as number) / weight;
    low = Math.max(low, Math.min(a, b));
    high = Math.min(high, Math.max(a, b));
  }
  return { low, high };
}

/** A number well inside; `otherwise` where the interval is empty, an end where it has only one. */
function inside({ low, high }: Interval, otherwise: number): number {
  if (low > high) return otherwise;
  if (low === Number.NEGATIVE_INFINITY) return high === Number.POSITIVE_INFINITY ? otherwise : high;
  return high === Number.POSITIVE_INFINITY ? low : (low + high) / 2;
}

/** The FP32 factor that turns `weights` into `results`, each product rounded to FP32. */
export function fitFactor(weights: Numbers, results: Numbers): number {
  const half = (result: number) => Math.abs(result) * 2 ** -24;
  const range = multipliers(
    weights,
    results,
    (result) => result - half(result),
    (result) => result + half(result),
  );
  return Math.fround(inside(range, slopeThrough(weights, results, 0)));
}

/** The scale for a zero point: what weights are divided by before they are rounded. */
export function fitScale(weights: Numbers, results: Numbers, zeroPoint: number, type: IntegerType): number {
  const [lowest, highest] = integerRanges[type];
  const range = multipliers(
    weights,
    results,
    (result) => (result === lowest ? Number.NEGATIVE_INFINITY : result - zeroPoint - 0.5),
    (result) => (result === highest ? Number.POSITIVE_INFINITY : result - zeroPoint + 0.5),
  );
  return Math.fround(1 / inside(range, slopeThrough(weights, results, zeroPoint)));
}

/** The integer to which a weight of 0 goes, by a straight line through what was not clipped. */
export function fitZeroPoint(weights: Numbers, results: Numbers, type: IntegerType): number {
  const [lowest, highest] = integerRanges[type];
  let [count, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (let index = 0; index < weights.length; index++) {
    const [weight, result] = [weights[index] as number, results[index] as number];
    if (result === lowest || result === highest) continue;
    count++;
    x += weight;
    y += result;
    xx += weight * weight;
    xy += weight * result;
  }
  const spread = count * xx - x * x;
  const slope = spread > 0 ? (count * xy - x * y) / spread : 0;
  const zeroPoint = Math.round((y - slope * x) / Math.max(1, count));
  return Math.min(highest, Math.max(lowest, zeroPoint));
}

/** Least squares through (0, zeroPoint). */
function slopeThrough(weights: Numbers, results: Numbers, zeroPoint: number): number {
  let [xx, xy] = [0, 0];
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] as number;
    xx += weight * weight;
    xy += weight * ((results[index] as number) - zeroPoint);
  }
  return xx > 0 ? xy / xx : 1;
}
