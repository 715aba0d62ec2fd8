import { type CostTable, type Interval, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { latencyAt, simulateCapacity } from "../simulator/capacity.ts";
import { simulate } from "../simulator/simulate.ts";
import { type ArrivalSequence, poissonArrivals, type RequestShape } from "../simulator/workload.ts";
import { median } from "../statistics/quantile.ts";
import { seededRandom } from "../statistics/random.ts";
import { normalQuantile } from "../statistics/verdict.ts";
import { type PlanPoint, planPoint } from "./plan-point.ts";

/** How far reality may be from the table: the time of everything, as a factor on it. */
export interface TimeFactor {
  /** The most likely one: 1 where nothing speaks against the table. */
  readonly estimate: number;
  /** Standard deviation of its logarithm. */
  readonly deviation: number;
}

/** The traffic and the target of a forecast. */
export interface ForecastQuestion {
  readonly target: ServiceLevelTarget;
  readonly shapes: readonly RequestShape[];
  readonly requestsPerSecond: number;
  readonly seed: number;
}

/** What one server would do, with the ends of 95 % intervals. */
export interface Forecast {
  readonly capacityRequestsPerSecond: Interval;
  /** At the target's percentile; infinite where the queue has no end. */
  readonly latencyMilliseconds: Interval;
}

/** The centres of so many equally likely parts: the outermost ones are the ends of a 95 % interval. */
export const replications = 20;
const requests = 3000;
const tolerance = 0.02;

/**
 * Simulates a plan again and again, each time with other arrivals and with another of the equally likely speeds that the
 * machine may have. So the interval has both in it: what the table does not know, and the luck of a run.
 */
export function forecast(point: PlanPoint, question: ForecastQuestion, factor: TimeFactor): Forecast {
  const { target, shapes, seed } = question;
  const capacities: number[] = [];
  const latencies: number[] = [];
  for (let i = 0; i < replications; i += 1) {
    const time = factor.estimate * Math.exp(factor.deviation * normalQuantile((i + 0.5) / replications));
    const server = planPoint({ ...point, table: slowed(point.table, time) }, point.policy);
    const arrivals = poissonArrivals(requests, shapes, seededRandom(seed + i));
    const guess = capacities.at(-1);
    const effort = { seed, tolerance, ...(guess === undefined ? {} : { guess }) };
    capacities.push(simulateCapacity(server, arrivals, target, effort));
    latencies.push(latencyOf(server, arrivals, { ...question, seed: seed + i }));
  }
  return { capacityRequestsPerSecond: intervalOf(capacities), latencyMilliseconds: intervalOf(latencies) };
}

/** A queue that grows all the time is worked off long after the last arrival: for so much of the whole time, at least. */
const endlessShare = 0.05;

/** Milliseconds at the target's percentile; infinite where the queue has no end. */
function latencyOf(server: PlanPoint, arrivals: ArrivalSequence, question: ForecastQuestion): number {
  const { target, requestsPerSecond, seed } = question;
  const run = simulate(server, arrivals, requestsPerSecond, seededRandom(seed));
  const lastArrival = ((arrivals.instants.at(-1) as number) * 1e6) / requestsPerSecond;
  const overtime = run.end - lastArrival - 2000 * target.latencyMilliseconds;
  if (overtime > endlessShare * lastArrival) return Number.POSITIVE_INFINITY;
  return latencyAt(run, shareOf(target.percentile)) / 1000;
}

export const intervalOf = (values: readonly number[]): Interval => ({
  estimate: median(values),
  low: Math.min(...values),
  high: Math.max(...values),
});

/** A table on which everything, the server's own share included, takes this many times as long. */
export function slowed(table: CostTable, factor: number): CostTable {
  const { perBatchMicroseconds, perRequestMicroseconds, waitMicroseconds, shared } = table.overhead;
  return {
    ...table,
    cells: table.cells.map((cell) => ({ ...cell, microseconds: cell.microseconds * factor })),
    overhead: {
      perBatchMicroseconds: perBatchMicroseconds * factor,
      perRequestMicroseconds: perRequestMicroseconds * factor,
      ...(waitMicroseconds === undefined ? {} : { waitMicroseconds: waitMicroseconds * factor }),
      ...(shared === undefined
        ? {}
        : { shared: { ...shared, microsecondsPerRequest: shared.microsecondsPerRequest * factor } }),
    },
  };
}
