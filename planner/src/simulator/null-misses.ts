import { quantile } from "../statistics/quantile.ts";
import type { Random } from "../statistics/random.ts";
import { type SimulatedServer, simulate } from "./simulate.ts";
import { type ArrivalSequence, poissonArrivals } from "./workload.ts";

/** The load at which the misses were counted. */
export interface ObservedLoad {
  readonly shapes: ArrivalSequence["shapes"];
  readonly requestsPerSecond: number;
  readonly requests: number;
}

/**
 * Miss counts of `runs` simulated runs of the same length at the same load, of a system that misses its target at
 * exactly the allowed rate: the target is moved to the latency that just this share of all simulated requests exceeds.
 * One long run is cut into blocks, so that each block starts with the queue in its usual state.
 */
export function simulateNullMisses(
  server: SimulatedServer,
  load: ObservedLoad,
  allowed: number,
  runs: number,
  random: Random,
): Float64Array {
  const total = runs * load.requests;
  const arrivals = poissonArrivals(total, load.shapes, random);
  const { latencies } = simulate(server, arrivals, load.requestsPerSecond, random, { queue: Number.POSITIVE_INFINITY });
  const threshold = quantile(latencies, 1 - allowed);
  const counts = new Float64Array(runs);
  latencies.forEach((latency, index) => {
    if (latency > threshold) counts[Math.floor(index / load.requests)]! += 1;
  });
  return counts;
}
