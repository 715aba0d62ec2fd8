import type { Interval } from "@sweetspot/crds";
import { mean } from "./quantile.ts";

/** Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145];
const normalT = 1.96;

/**
 * The ratio a/b of paired rounds with its 95 % interval, from the t distribution of the log ratios: what disturbs both
 * members of a pair cancels out. Needs positive numbers; null with fewer than two pairs.
 */
export function pairedRatio(pairs: readonly (readonly [a: number, b: number])[]): Interval | null {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(a / b));
  const interval = meanInterval(logs);
  if (interval === null) return null;
  return { estimate: Math.exp(interval.estimate), low: Math.exp(interval.low), high: Math.exp(interval.high) };
}

/** Mean with its 95 % interval; null with fewer than two values. */
export function meanInterval(values: readonly number[]): Interval | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  const half = (studentT[values.length - 2] ?? normalT) * Math.sqrt(variance / values.length);
  return { estimate: centre, low: centre - half, high: centre + half };
}
