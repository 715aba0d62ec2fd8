import type { Interval } from "@sweetspot/crds";
import { binomialAtMost, quantileOfSorted, type Random } from "@sweetspot/planner";
import type { SampleLoss } from "./metrics.ts";

const replicates = 2000;
const tail = 0.025;

/** The loss of a set: what its samples lost over what they had. NaN where they had nothing. */
function lossShare(losses: readonly SampleLoss[]): number {
  let [lost, of] = [0, 0];
  for (const loss of losses) {
    lost += loss.lost;
    of += loss.of;
  }
  return lost / of;
}

/**
 * The loss with its 95 % interval. Samples are drawn as a whole, each with reference and variant together, with
 * replacement (paired bootstrap, Efron 1979), so that characters of one text stay together.
 *
 * Resampling knows no error that has not happened yet: 20 samples without one would "prove" a loss of zero. So where
 * losses are counts, the interval also spans the exact binomial one (Clopper and Pearson, 1934; without an error about
 * 3.7/n, the two-sided rule of three). Null where the samples had nothing to lose.
 */
export function bootstrapInterval(losses: readonly SampleLoss[], random: Random): Interval | null {
  const estimate = lossShare(losses);
  if (!Number.isFinite(estimate)) return null;
  const shares = Float64Array.from({ length: replicates }, () => resampledShare(losses, random)).sort();
  // A replicate may hold nothing but empty texts.
  const finite = shares.filter(Number.isFinite);
  const resampled = { low: quantileOfSorted(finite, tail), high: quantileOfSorted(finite, 1 - tail) };
  const exact = isCount(losses) ? exactInterval(losses) : resampled;
  return { estimate, low: Math.min(resampled.low, exact.low), high: Math.max(resampled.high, exact.high) };
}

function resampledShare(losses: readonly SampleLoss[], random: Random): number {
  let [lost, of] = [0, 0];
  for (let draw = 0; draw < losses.length; draw += 1) {
    const loss = losses[Math.floor(random() * losses.length)] as SampleLoss;
    lost += loss.lost;
    of += loss.of;
  }
  return lost / of;
}

/** Errors that are there or not, of a sample or of a character. A metric without any loss at all counts as one. */
export const isCount = (losses: readonly SampleLoss[]): boolean => losses.every(({ lost }) => Number.isInteger(lost));

function exactInterval(losses: readonly SampleLoss[]): { low: number; high: number } {
  const trials = losses.reduce((sum, { of }) => sum + of, 0);
  const errors = losses.reduce((sum, { lost }) => sum + lost, 0);
  if (errors < 0) return { low: Number.POSITIVE_INFINITY, high: binomialUpper(trials, 0) };
  return {
    low: binomialLower(trials, Math.min(errors, trials)),
    high: binomialUpper(trials, Math.min(errors, trials)),
  };
}

/** The largest rate that still gives so few errors 2.5 times in a hundred. */
export const binomialUpper = (trials: number, errors: number): number =>
  errors >= trials ? 1 : bisect((rate) => binomialAtMost(trials, errors, rate) > tail);

/** The smallest rate that gives so many errors 2.5 times in a hundred. */
const binomialLower = (trials: number, errors: number): number =>
  errors === 0 ? 0 : bisect((rate) => 1 - binomialAtMost(trials, errors - 1, rate) < tail);

/** Where a condition that holds for small rates stops to hold, to 1e-9. */
function bisect(holds: (rate: number) => boolean): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
