import { type Interval, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { type RecordedTraffic, recordedArrivals } from "../simulator/recorded-arrivals.ts";
import { simulate } from "../simulator/simulate.ts";
import { quantile } from "../statistics/quantile.ts";
import { seededRandom } from "../statistics/random.ts";
import { normalQuantile } from "../statistics/verdict.ts";
import { intervalOf, replications, slowed, type TimeFactor } from "./forecast.ts";
import { type PlanPoint, planPoint } from "./plan-point.ts";

/** Traffic that was recorded, and the target that it is held against. */
export interface ReplayQuestion extends RecordedTraffic {
  readonly target: ServiceLevelTarget;
  readonly seed: number;
}

/** What one server would have done, with the ends of 95 % intervals. */
export interface Replayed {
  /** At the target's percentile. */
  readonly latencyMilliseconds: Interval;
  /** Share of the requests within the target. */
  readonly shareWithin: Interval;
}

/** A percentile of fewer requests than this is luck. */
const leastRequests = 100;
/** One run has no more: the last seconds of a record say as much. */
const mostRequests = 6000;

/** The last seconds of a record, as many as have `mostRequests` at one server, and one at least. */
export function replayedSeconds({ requests, servers }: Omit<RecordedTraffic, "shapes">): number[] {
  const most = mostRequests * servers;
  let sum = 0;
  const before = requests.findLastIndex((count) => {
    sum += count;
    return sum > most;
  });
  return requests.slice(Math.min(before + 1, requests.length - 1)).map((count) => Math.min(count, most));
}

/**
 * Runs recorded traffic through the simulator under a plan, again and again, each time with other instants within the seconds
 * and another of the equally likely speeds of the machine. The server is idle at first, and refuses nothing: where a real one
 * would have refused, the queue grows instead. Null with too few requests to say.
 */
export function replay(point: PlanPoint, question: ReplayQuestion, factor: TimeFactor): Replayed | null {
  const { target, servers, seed, shapes } = question;
  const requests = replayedSeconds(question);
  if (requests.reduce((sum, count) => sum + count, 0) / servers < leastRequests || shapes.length === 0) return null;
  const share = shareOf(target.percentile);
  const latencies: number[] = [];
  const within: number[] = [];
  for (let i = 0; i < replications; i += 1) {
    const time = factor.estimate * Math.exp(factor.deviation * normalQuantile((i + 0.5) / replications));
    const server = planPoint({ ...point, table: slowed(point.table, time) }, point.policy);
    const random = seededRandom(seed + i);
    const { arrivals, requestsPerSecond } = recordedArrivals({ requests, servers, shapes }, random);
    const run = simulate(server, arrivals, requestsPerSecond, random, { queue: Number.POSITIVE_INFINITY });
    latencies.push(quantile(run.latencies, share) / 1000);
    within.push(shareBelow(run.latencies, 1000 * target.latencyMilliseconds));
  }
  return { latencyMilliseconds: intervalOf(latencies), shareWithin: intervalOf(within) };
}

function shareBelow(latencies: Float64Array, limit: number): number {
  let count = 0;
  for (const latency of latencies) if (latency <= limit) count += 1;
  return latencies.length === 0 ? 1 : count / latencies.length;
}
