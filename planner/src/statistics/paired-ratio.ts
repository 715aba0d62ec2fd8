import type { Interval } from "@sweetspot/crds";
import { mean } from "./quantile.ts";
import { studentQuantile } from "./student.ts";

const usual = 0.95;

/** How values of a kind usually scatter, from experience with many others. */
export interface UsualSpread {
  readonly deviation: number;
  /** The experience counts like so many degrees of freedom; a whole number. */
  readonly degrees: number;
}

/**
 * The ratio a/b of paired rounds with its interval, from the t distribution of the log ratios: what disturbs both
 * members of a pair cancels out. Needs positive numbers; null with fewer than two pairs. `spread`: of the log ratios.
 */
export function pairedRatio(
  pairs: readonly (readonly [a: number, b: number])[],
  confidence: number = usual,
  spread?: UsualSpread,
): Interval | null {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(a / b));
  const interval = meanInterval(logs, confidence, spread);
  if (interval === null) return null;
  return { estimate: Math.exp(interval.estimate), low: Math.exp(interval.low), high: Math.exp(interval.high) };
}

const unknown: UsualSpread = { deviation: 0, degrees: 0 };

/**
 * Mean with its interval, of 95 % confidence unless another is asked for; null with fewer than two values. Two or three values
 * hardly tell how much they scatter; where the `spread` is given the interval moderates theirs by it.
 * Source: Smyth, Linear models and empirical Bayes methods, 2004 (the moderated t of limma).
 */
export function meanInterval(
  values: readonly number[],
  confidence: number = usual,
  { deviation, degrees }: UsualSpread = unknown,
): Interval | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const freedom = degrees + values.length - 1;
  const variance = (degrees * deviation ** 2 + squares) / freedom;
  const half = studentQuantile(freedom, confidence) * Math.sqrt(variance / values.length);
  return { estimate: centre, low: centre - half, high: centre + half };
}
