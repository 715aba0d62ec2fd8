import type { LatencyVerdict } from "@sweetspot/crds";
import { fewestMissesToFail, mostMissesToPass } from "./binomial.ts";
import { mean, quantileOfSorted } from "./quantile.ts";

/** What was seen: bad requests out of all that count. */
export interface MissCount {
  readonly requests: number;
  readonly misses: number;
}

/**
 * Miss counts of many simulated runs as long as the observed one, of a system that misses the target at exactly the
 * allowed rate. In a queue misses come in clusters, so these counts scatter more than a binomial says.
 */
export type NullMisses = ArrayLike<number>;

const power = 0.8;

/**
 * The verdict on a percentile. `Pass` needs both the binomial count (necessary) and a count that a just-failing system
 * would rarely show (the null distribution); `Fail` is the mirror image; everything between is `Inconclusive` and says how
 * many requests would probably decide.
 *
 * `allowed`: share of requests that may be bad, 0.01 for a p99. `confidence`: 0.95, say.
 */
export function judgeMisses(
  seen: MissCount,
  allowed: number,
  confidence: number,
  nullMisses: NullMisses,
): LatencyVerdict {
  const sorted = Float64Array.from(Array.from(nullMisses)).sort();
  const result = resultOf(seen, allowed, confidence, sorted);
  const requiredRequests = result === "Inconclusive" ? requestsToDecide(seen, allowed, confidence, sorted) : null;
  return {
    result,
    ...seen,
    allowedMisses: seen.requests * allowed,
    confidence,
    requiredRequests,
    message: explain(seen, allowed, result, requiredRequests),
  };
}

function resultOf(seen: MissCount, allowed: number, confidence: number, sortedNull: Float64Array) {
  const { requests, misses } = seen;
  const rare = (share: number) => (sortedNull.length === 0 ? Number.NaN : quantileOfSorted(sortedNull, share));
  const passes = misses <= mostMissesToPass(requests, allowed, confidence) && misses < rare(1 - confidence);
  if (passes) return "Pass" as const;
  const fails = misses >= fewestMissesToFail(requests, allowed, confidence) && misses > rare(confidence);
  return fails ? ("Fail" as const) : ("Inconclusive" as const);
}

/**
 * Length of a run that decides with 80 % power if the true rate is what was seen: the usual two-sample-size formula with
 * the variance inflated by how much more the null counts scatter than a binomial.
 */
function requestsToDecide(seen: MissCount, allowed: number, confidence: number, sortedNull: Float64Array): number {
  // No miss at all still leaves room for a small rate; half of the allowed one is a cautious guess.
  const observed = Math.min(0.999, Math.max(seen.misses / Math.max(1, seen.requests), allowed / 2));
  const gap = Math.max(Math.abs(observed - allowed), allowed / 20);
  const inflation = Math.max(1, dispersion(seen.requests, allowed, sortedNull));
  const spread =
    normalQuantile(confidence) * Math.sqrt(allowed * (1 - allowed)) +
    normalQuantile(power) * Math.sqrt(observed * (1 - observed));
  return Math.max(Math.ceil((inflation * spread ** 2) / gap ** 2), seen.requests + 1);
}

/** Variance of the null counts over a binomial's. */
function dispersion(requests: number, allowed: number, counts: Float64Array): number {
  if (counts.length < 2) return 1;
  const centre = mean(counts);
  const variance = counts.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (counts.length - 1);
  return variance / Math.max(requests * allowed * (1 - allowed), Number.MIN_VALUE);
}

function explain(seen: MissCount, allowed: number, result: LatencyVerdict["result"], required: number | null): string {
  const share = seen.requests === 0 ? 0 : (100 * seen.misses) / seen.requests;
  const figure = `${seen.misses} of ${seen.requests} requests missed the target (${share.toFixed(2)} %, allowed ${(100 * allowed).toFixed(2)} %)`;
  if (result === "Pass") return `The target is met: ${figure}.`;
  if (result === "Fail") return `The target is missed: ${figure}.`;
  return `Too few requests to say: ${figure}; about ${required} would decide.`;
}

/** Quantile of the standard normal distribution, for shares from 0.5 on; error below 4.5e-4 (Abramowitz and Stegun 26.2.23). */
export function normalQuantile(share: number): number {
  if (share < 0.5) return -normalQuantile(1 - share);
  const t = Math.sqrt(-2 * Math.log(1 - share));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
