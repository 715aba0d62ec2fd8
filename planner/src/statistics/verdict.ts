import type { LatencyVerdict } from "@sweetspot/crds";
import { fewestMissesToFail, mostMissesToPass } from "./binomial.ts";
import { negativeBinomialAtMost } from "./negative-binomial.ts";
import { mean } from "./quantile.ts";

/** What was seen: bad requests out of all that count. */
export interface MissCount {
  readonly requests: number;
  readonly misses: number;
}

/**
 * Miss counts of many simulated runs as long as the observed one, one after the other, of a system that misses the target
 * at exactly the allowed rate. In a queue misses come in clusters, so these counts scatter more than a binomial says.
 */
export type NullMisses = ArrayLike<number>;

/**
 * The verdict on a percentile. `Pass` needs both the binomial count (necessary) and a count that a just-failing system
 * would rarely show (the null distribution); `Fail` is the mirror image; everything between is `Inconclusive` and says how
 * many requests would probably decide.
 *
 * `allowed`: share of requests that may be bad, 0.01 for a p99. `confidence`: at 0.99 a system that only just fails passes
 * once in a hundred runs at most.
 */
export function judgeMisses(
  seen: MissCount,
  allowed: number,
  confidence: number,
  nullMisses: NullMisses,
): LatencyVerdict {
  const result = resultOf(seen, allowed, confidence, nullMisses);
  const requiredRequests = result === "Inconclusive" ? requestsToDecide(seen, allowed, confidence, nullMisses) : null;
  return {
    result,
    ...seen,
    allowedMisses: seen.requests * allowed,
    confidence,
    requiredRequests,
    message: explain(seen, allowed, result, requiredRequests),
  };
}

function resultOf(seen: MissCount, allowed: number, confidence: number, nullMisses: NullMisses) {
  const { requests, misses } = seen;
  const rare = 1 - confidence;
  const { atMost, atLeast } = nullTails(misses, nullMisses);
  if (misses <= mostMissesToPass(requests, allowed, confidence) && atMost <= rare) return "Pass" as const;
  const fails = misses >= fewestMissesToFail(requests, allowed, confidence) && atLeast <= rare;
  return fails ? ("Fail" as const) : ("Inconclusive" as const);
}

/**
 * How often the just-failing system shows at most, and at least, so many misses: the share of its simulated runs or what a
 * negative binomial with their mean and variance says, whichever is more. The share alone knows nothing of what is rarer
 * than one in the number of runs. Without runs nothing is rare.
 */
function nullTails(misses: number, nullMisses: NullMisses): { readonly atMost: number; readonly atLeast: number } {
  const counts = Array.from(nullMisses);
  if (counts.length === 0) return { atMost: 1, atLeast: 1 };
  const share = (holds: (count: number) => boolean) => counts.filter(holds).length / counts.length;
  const [centre, spread] = [mean(counts), variance(counts)];
  return {
    atMost: Math.max(
      share((count) => count <= misses),
      negativeBinomialAtMost(misses, centre, spread),
    ),
    atLeast: Math.max(
      share((count) => count >= misses),
      1 - negativeBinomialAtMost(misses - 1, centre, spread),
    ),
  };
}

/** A run of the length that is asked for decides so often, on average over what the short run may have shown. */
const power = 0.9;
/** A true rate nearer to the allowed one than this share of it is not worth the requests that it would take to tell. */
const worthTelling = 0.2;

/**
 * Length of a run that probably decides: the usual formula for the size of a sample, with the variance inflated by how
 * much more the null counts scatter than a binomial's. The true rate is taken to be as near to the allowed one as the
 * short run leaves plausible, since runs that looked better than they are would otherwise ask for too little.
 */
function requestsToDecide(seen: MissCount, allowed: number, confidence: number, nullMisses: NullMisses): number {
  const inflation = dispersion(seen.requests, allowed, nullMisses);
  const variance = allowed * (1 - allowed);
  const observed = seen.misses / Math.max(1, seen.requests);
  const error = normalQuantile(power) * Math.sqrt((inflation * variance) / Math.max(1, seen.requests));
  const gap = Math.max(Math.abs(observed - allowed) - error, worthTelling * allowed);
  const rate = observed < allowed ? allowed - gap : Math.min(0.999, allowed + gap);
  const spread =
    normalQuantile(confidence) * Math.sqrt(variance) + normalQuantile(power) * Math.sqrt(rate * (1 - rate));
  return Math.max(Math.ceil((inflation * spread ** 2) / gap ** 2), seen.requests + 1);
}

/** Fewer blocks say too little of a variance. */
const leastBlocks = 20;

/**
 * Variance of the null counts over a binomial's, at least 1. Runs shorter than the clusters of misses hide how clustered
 * they are, so runs that follow each other are also merged into longer ones, and the greatest ratio counts.
 */
function dispersion(requests: number, allowed: number, counts: NullMisses): number {
  let greatest = 1;
  let blocks = Array.from(counts);
  for (let runs = 1; blocks.length >= Math.min(leastBlocks, counts.length) && blocks.length > 1; runs *= 2) {
    greatest = Math.max(greatest, variance(blocks) / (runs * requests * allowed * (1 - allowed)));
    blocks = Array.from({ length: Math.floor(blocks.length / 2) }, (_, i) => {
      return (blocks[2 * i] as number) + (blocks[2 * i + 1] as number);
    });
  }
  return greatest;
}

/** Variance of a sample; 0 with fewer than two values. */
function variance(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
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
