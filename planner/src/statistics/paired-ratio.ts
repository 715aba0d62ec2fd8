import type { Interval } from "@sweetspot/crds";
import { mean } from "./quantile.ts";
import { studentQuantile } from "./student.ts";

const usual = 0.95;

/**
 * The ratio a/b of paired rounds with its interval, from the t distribution of the log ratios: what disturbs both
 * members of a pair cancels out. Needs positive numbers; null with fewer than two pairs.
 */
export function pairedRatio(
  pairs: readonly (readonly [a: number, b: number])[],
  confidence: number = usual,
): Interval | null {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(a / b));
  const interval = meanInterval(logs, confidence);
  if (interval === null) return null;
  return { estimate: Math.exp(interval.estimate), low: Math.exp(interval.low), high: Math.exp(interval.high) };
}

/** Mean with its interval, of 95 % confidence unless another is asked for; null with fewer than two values. */
export function meanInterval(values: readonly number[], confidence: number = usual): Interval | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  const half = studentQuantile(values.length - 1, confidence) * Math.sqrt(variance / values.length);
  return { estimate: centre, low: centre - half, high: centre + half };
}
