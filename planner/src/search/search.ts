import { type Prediction, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { latencyAt, simulateCapacity } from "../simulator/capacity.ts";
import { type SimulatedServer, simulate } from "../simulator/simulate.ts";
import { poissonArrivals, type RequestShape } from "../simulator/workload.ts";
import { seededRandom } from "../statistics/random.ts";

export interface SearchOptions {
  readonly target: ServiceLevelTarget;
  readonly shapes: readonly RequestShape[];
  readonly seed: number;
  /** Asked between points: true ends the search with what is known. */
  readonly stop: () => boolean;
}

/** A point of the search with what the simulator says of it. */
export interface Predicted<P> {
  readonly point: P;
  readonly prediction: Prediction;
}

const scout = { requests: 1200, tolerance: 0.05 };
const final = { requests: 6000, tolerance: 0.01 };
const finalists = 8;
/** A rate (requests per second) so low that nobody waits, for servers that cannot hold the target at any. */
const loneRequests = 0.001;

/**
 * Predicts capacity and latency of many points and returns them best first. All points are scouted with a short
 * simulation; the best few are simulated again at length, so that the order at the top is not the luck of a short run.
 */
export function searchPlans<P extends SimulatedServer>(points: readonly P[], options: SearchOptions): Predicted<P>[] {
  const scouted = predictAll(points, options, scout).sort(byCapacity);
  const top = scouted.slice(0, finalists).map(({ point }) => point);
  const refined = predictAll(top, options, final);
  return [...refined.sort(byCapacity), ...scouted.filter(({ point }) => !refined.some((r) => r.point === point))];
}

function predictAll<P extends SimulatedServer>(points: readonly P[], options: SearchOptions, effort: typeof scout) {
  const arrivals = poissonArrivals(effort.requests, options.shapes, seededRandom(options.seed));
  const results: Predicted<P>[] = [];
  for (const point of points) {
    if (results.length > 0 && options.stop()) break;
    results.push({ point, prediction: predict(point, options, arrivals, effort.tolerance) });
  }
  return results;
}

/** Prediction of one point over one sequence of arrivals. */
export function predict(
  server: SimulatedServer,
  { target, seed }: Pick<SearchOptions, "target" | "seed">,
  arrivals: ReturnType<typeof poissonArrivals>,
  tolerance: number,
): Prediction {
  const capacity = simulateCapacity(server, arrivals, target, { seed, tolerance });
  const run = simulate(server, arrivals, capacity === 0 ? loneRequests : 0.7 * capacity, seededRandom(seed));
  return {
    capacityRequestsPerSecond: capacity,
    latencyAt70PercentMilliseconds: latencyAt(run, shareOf(target.percentile)) / 1000,
    meanBatchRows: run.rows / run.batches,
  };
}

/** Most capacity first; among equals the one with the lower latency. */
function byCapacity(a: Predicted<unknown>, b: Predicted<unknown>): number {
  const difference = b.prediction.capacityRequestsPerSecond - a.prediction.capacityRequestsPerSecond;
  return difference || a.prediction.latencyAt70PercentMilliseconds - b.prediction.latencyAt70PercentMilliseconds;
}
