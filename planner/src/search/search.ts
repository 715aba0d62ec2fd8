import { type Prediction, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import type { CostModel } from "../cost/cost-model.ts";
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

/** Those that hold nothing back are far more likely to win: a search that is ended early has seen them. */
const likelyFirst = (a: SimulatedServer, b: SimulatedServer): number =>
  a.policy.holdMicroseconds - b.policy.holdMicroseconds;

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
  const scouted = predictAll(points.toSorted(likelyFirst).map(unpredicted), options, scout).sort(byCapacity);
  const refined = predictAll(scouted.slice(0, finalists), options, final);
  return [...refined.sort(byCapacity), ...scouted.filter(({ point }) => !refined.some((r) => r.point === point))];
}

const unpredicted = <P>(point: P) => ({ point, prediction: null });

function predictAll<P extends SimulatedServer>(
  points: readonly { readonly point: P; readonly prediction: Prediction | null }[],
  options: SearchOptions,
  effort: typeof scout,
) {
  const arrivals = poissonArrivals(effort.requests, options.shapes, seededRandom(options.seed));
  const longest = options.shapes.reduce((most, { length }) => Math.max(most, length), 1);
  const known = new Map<CostModel, Map<string, Prediction>>();
  const results: Predicted<P>[] = [];
  for (const { point, prediction } of points) {
    if (results.length > 0 && options.stop()) break;
    const ofTable = known.get(point.cost) ?? new Map<string, Prediction>();
    known.set(point.cost, ofTable);
    const key = behaviourOf(point, longest);
    // Neighbours in the list differ little, so the capacity of the one before is a good guess.
    const near = (prediction ?? results.at(-1)?.prediction)?.capacityRequestsPerSecond;
    const found = ofTable.get(key) ?? predict(point, options, arrivals, effort.tolerance, near);
    ofTable.set(key, found);
    results.push({ point, prediction: found });
  }
  return results;
}

/**
 * Points of one table with the same key do the same whatever arrives: they differ only in a cap on the duration of a batch
 * that no batch reaches. They need one simulation.
 */
function behaviourOf({ instances, threadsPerInstance, policy, cost }: SimulatedServer, longest: number): string {
  const slowest = cost.batchMicroseconds(policy.maximumRows, longest);
  const cap = Math.min(policy.maximumBatchMicroseconds, slowest);
  return JSON.stringify([instances, threadsPerInstance, { ...policy, maximumBatchMicroseconds: cap }]);
}

/** Prediction of one point over one sequence of arrivals. `guess`: a rate near its capacity, where one is known. */
export function predict(
  server: SimulatedServer,
  { target, seed }: Pick<SearchOptions, "target" | "seed">,
  arrivals: ReturnType<typeof poissonArrivals>,
  tolerance: number,
  guess?: number,
): Prediction {
  const effort = { seed, tolerance, ...(guess === undefined ? {} : { guess }) };
  const capacity = simulateCapacity(server, arrivals, target, effort);
  const run = simulate(server, arrivals, capacity === 0 ? loneRequests : 0.7 * capacity, seededRandom(seed));
  return {
    capacityRequestsPerSecond: capacity,
    latencyAt70PercentMilliseconds: latencyAt(run, shareOf(target.percentile)) / 1000,
    meanBatchRows: run.rows / run.batches,
  };
}

/** The better of two points first: most capacity, and among those that cannot be told apart the one with the lower latency. */
export function byCapacity(a: Predicted<unknown>, b: Predicted<unknown>): number {
  const difference = capacityClass(b) - capacityClass(a);
  return difference || a.prediction.latencyAt70PercentMilliseconds - b.prediction.latencyAt70PercentMilliseconds;
}

/** Classes of capacity, 2 % wide: a simulation knows no more. Zero capacity is a class of its own. */
export function capacityClass({ prediction }: Predicted<unknown>): number {
  const capacity = prediction.capacityRequestsPerSecond;
  // Not infinite: the difference of two such would be no number.
  return capacity === 0 ? Number.MIN_SAFE_INTEGER : Math.round(Math.log(capacity) / Math.log(1.02));
}
