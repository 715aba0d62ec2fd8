import { type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { quantile } from "../statistics/quantile.ts";
import { type Random, seededRandom } from "../statistics/random.ts";
import { type SimulatedRun, type SimulatedServer, simulate } from "./simulate.ts";
import type { ArrivalSequence } from "./workload.ts";

/** Share of the first requests that find an empty server and would flatter the percentile. */
const warmUpShare = 0.05;

/** Latency at a share of the requests, microseconds, without the warm-up; infinite for an unstable run. */
export function latencyAt(run: SimulatedRun, share: number): number {
  if (run.unstable) return Number.POSITIVE_INFINITY;
  return quantile(run.latencies.subarray(Math.floor(run.latencies.length * warmUpShare)), share);
}

/** Options of the search for a capacity. */
export interface CapacityOptions {
  /** Fresh randomness for the noise of each run, from one seed, so that rates are compared like with like. */
  readonly seed: number;
  /** Stop when the answer is known this well (0.02 = 2 %). */
  readonly tolerance: number;
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
  const holds = (rate: number) => latencyAt(simulate(server, arrivals, rate, fresh(options)), share) <= limit;
  let high = upperBound(server, arrivals);
  let low = high / 1024;
  if (!holds(low)) return 0;
  while (high / low > 1 + options.tolerance) {
    const middle = high / low > 4 ? Math.sqrt(high * low) : (high + low) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
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
