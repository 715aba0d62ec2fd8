import { type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { quantile } from "../statistics/quantile.ts";
import { type Random, seededRandom } from "../statistics/random.ts";
import { type GiveUp, type SimulatedRun, type SimulatedServer, simulate, usualGiveUp } from "./simulate.ts";
import type { ArrivalSequence } from "./workload.ts";

/** Share of the first requests that find an empty server and would flatter the percentile. */
const warmUpShare = 0.05;

/** Latency at a share of the requests, microseconds, without the warm-up; infinite for an unstable run. */
export function latencyAt(run: SimulatedRun, share: number): number {
  if (run.unstable) return Number.POSITIVE_INFINITY;
  return quantile(run.latencies.subarray(Math.floor(run.latencies.length * warmUpShare)), share);
}

/**
 * When `latencyAt` of a run of so many requests is sure to lie above a limit (microseconds): runs beyond the capacity,
 * which take longest, need not be simulated to their end.
 */
function hopeless(requests: number, share: number, microseconds: number): GiveUp {
  const from = Math.floor(requests * warmUpShare);
  const counted = requests - from;
  // The percentile lies between this one of the sorted latencies and the next.
  const below = Math.floor(share * (counted - 1));
  return { ...usualGiveUp, late: { microseconds, count: counted - below - 1, from } };
}

/** Options of the search for a capacity. */
export interface CapacityOptions {
  /** Fresh randomness for the noise of each run, from one seed, so that rates are compared like with like. */
  readonly seed: number;
  /** Stop when the answer is known this well (0.02 = 2 %). */
  readonly tolerance: number;
  /** A rate near the answer, requests per second, where one is known: saves half of the runs. */
  readonly guess?: number;
}

/**
 * The highest Poisson rate (requests per second) at which the server holds the target in simulation; 0 when even a
 * lone request is too slow. Latency rises with the rate, so bisection finds it.
 */
export function simulateCapacity(
  server: SimulatedServer,
  arrivals: ArrivalSequence,
  target: ServiceLevelTarget,
  options: CapacityOptions,
): number {
  const limit = target.latencyMilliseconds * 1000;
  const share = shareOf(target.percentile);
  const giveUp = hopeless(arrivals.instants.length, share, limit);
  const holds = (rate: number) => latencyAt(simulate(server, arrivals, rate, fresh(options), giveUp), share) <= limit;
  const bracket = bracketOf(upperBound(server, arrivals), options.guess, holds);
  if (bracket === null) return 0;
  let { low, high } = bracket;
  while (high / low > 1 + options.tolerance) {
    const middle = high / low > 4 ? Math.sqrt(high * low) : (high + low) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Below this share of the upper bound a capacity is none. */
const leastShare = 1 / 1024;
const firstStep = 1.25;

/** Rates of which the lower one holds and the upper one does not; null where not even a tiny one holds. */
function bracketOf(most: number, guess: number | undefined, holds: (rate: number) => boolean) {
  const least = most * leastShare;
  if (guess === undefined || guess <= least || guess >= most) return holds(least) ? { low: least, high: most } : null;
  let step = firstStep;
  if (holds(guess)) {
    let low = guess;
    for (; low * step < most && holds(low * step); step *= step) low *= step;
    return { low, high: Math.min(most, low * step) };
  }
  let high = guess;
  for (; high / step > least && !holds(high / step); step *= step) high /= step;
  if (high / step > least) return { low: high / step, high };
  return holds(least) ? { low: least, high } : null;
}

const fresh = (options: CapacityOptions): Random => seededRandom(options.seed);

/** No server answers more than its engines do when every row costs the least that any batch reaches. */
function upperBound({ instances, policy, cost }: SimulatedServer, arrivals: ArrivalSequence): number {
  let total = 0;
  for (const shape of arrivals.shapes) {
    const row = cost.bestRowMicroseconds(shape.length, policy.maximumRows, policy.maximumBatchMicroseconds);
    total += shape.rows * row + cost.overhead.perRequestMicroseconds;
  }
  return (1.05 * 1e6 * instances * arrivals.shapes.length) / total;
}
