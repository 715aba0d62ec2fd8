import { apiVersion, type CostTable, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import {
  type ArrivalSequence,
  CostModel,
  exponential,
  normal,
  type Random,
  type RequestShape,
  type SimulatedServer,
  seededRandom,
  simulate,
  simulateCapacity,
  withoutBatching,
} from "@sweetspot/planner";
import type { MeasuredPlan } from "../diagnosis/observation.ts";

/**
 * A service on virtual time. Its requests go one by one through the planner's simulator, the batch former included: how misses
 * cluster is what makes a false trigger, and no model of blocks would have more of it than was put in. A million requests take
 * about a second, so that weeks can be had.
 */
export interface VirtualService {
  readonly name: string;
  readonly target: ServiceLevelTarget;
  /** Requests per second at an instant (seconds). */
  readonly rate: (second: number) => number;
  /** The server when its engines take `slowdown` times as long. */
  readonly server: (slowdown: number) => SimulatedServer;
  readonly plan: MeasuredPlan;
}

export interface ServiceShape {
  readonly name: string;
  readonly percentile: ServiceLevelTarget["percentile"];
  readonly instances: number;
  readonly maximumRows: number;
  /** Engine time of a batch over that of one row: 1 is free batching, `rows` is none. */
  readonly growth: (rows: number) => number;
  /** Requests per second at the peak of the day, and share of it at night. */
  readonly peak: number;
  readonly night: number;
  /** Share of what the engines could do in full batches, at the peak. */
  readonly load: number;
  /** Share of the allowed misses that the service has at the peak, by the choice of its target: 1 just keeps its promise. */
  readonly edge: number;
}

const daySeconds = 86_400;
/** A queue that grows is what an overloaded service has. */
const neverGiveUp = { queue: Number.POSITIVE_INFINITY };
const shapes: readonly RequestShape[] = [{ rows: 1, length: 32, group: "" }];
const noiseDeviation = 0.1;
/** Equally likely factors on a batch's time with about that deviation. */
const noiseFactors = [0.9, 0.94, 0.97, 1, 1, 1.02, 1.05, 1.2];

/** Makes a service whose target it just keeps at the peak of the day, or keeps with room to spare. */
export function virtualService(shape: ServiceShape): VirtualService {
  const { instances, maximumRows, growth, peak, night } = shape;
  const one = (1e6 * shape.load * instances * maximumRows) / (peak * growth(maximumRows));
  const costTable = tableOf((rows) => one * growth(rows));
  const server = (slowdown: number): SimulatedServer => ({
    instances,
    threadsPerInstance: 1,
    policy: { ...withoutBatching, maximumRows },
    cost: CostModel.fromTable(slowdown === 1 ? costTable : tableOf((rows) => slowdown * one * growth(rows))),
    noiseFactors,
  });
  const target = targetOf(server(1), shape);
  const layout = { instances, threadsPerInstance: 1, pinned: true, spinning: false };
  const capacity = simulateCapacity(server(1), unitArrivals(50_000, seededRandom(3)), target, {
    seed: 4,
    tolerance: 0.02,
  });
  return {
    name: shape.name,
    target,
    server,
    rate: (second) => peak * (night + (1 - night) * Math.sin((Math.PI * second) / daySeconds) ** 2),
    plan: { costTable, layout, capacityRequestsPerSecond: capacity, bestReachableMilliseconds: one / 1000 },
  };
}

/** The latency that just `edge` times the allowed share of the requests exceeds at the peak. */
function targetOf(server: SimulatedServer, { percentile, peak, edge }: ServiceShape): ServiceLevelTarget {
  const { latencies } = simulate(server, unitArrivals(1_000_000, seededRandom(1)), peak, seededRandom(2), neverGiveUp);
  const sorted = latencies.toSorted();
  const rank = Math.floor((1 - edge * (1 - shareOf(percentile))) * sorted.length);
  const microseconds = sorted[Math.min(rank, sorted.length - 1)] as number;
  return { percentile, latencyMilliseconds: Math.ceil(microseconds / 1000) };
}

function tableOf(law: (rows: number) => number): CostTable {
  const cells = [1, 2, 4, 8].map((rows) => ({ rows, length: 32, microseconds: law(rows), samples: 5 }));
  const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  return { apiVersion, kind: "CostTable", cells, noiseFactors, overhead };
}

/** What a service did, by whole seconds and by blocks of ten. */
export interface VirtualTraffic {
  /** Seconds since the epoch, a multiple of 10. */
  readonly start: number;
  readonly seconds: number;
  /** Requests by the second in which they were answered. */
  readonly total: Uint32Array;
  readonly bad: Uint32Array;
  /** The same by blocks of 10 s. */
  readonly tens: { readonly total: Uint32Array; readonly bad: Uint32Array };
  /** Observed over expected engine time by blocks of 10 s. */
  readonly costRatio: Float64Array;
}

export interface TrafficOptions {
  readonly start: number;
  readonly seconds: number;
  readonly seed: number;
  /** From this second on engines take `factor` times as long. */
  readonly slowdown?: { readonly from: number; readonly factor: number };
}

/** The queue is empty at the seams of these chunks, as it is every few seconds anyway. */
const chunkSeconds = 6 * 3600;

/** Runs a service for some time. */
export function simulateTraffic(service: VirtualService, options: TrafficOptions): VirtualTraffic {
  const { start, seconds, seed, slowdown } = options;
  const random = seededRandom(seed);
  const total = new Uint32Array(seconds);
  const bad = new Uint32Array(seconds);
  const change = Math.min(start + seconds, Math.max(start, slowdown?.from ?? Number.POSITIVE_INFINITY));
  const run = (from: number, to: number, factor: number) => {
    for (let at = from; at < to; at += chunkSeconds) {
      count(service, { from: at, to: Math.min(to, at + chunkSeconds), factor, random }, { start, total, bad });
    }
  };
  run(start, change, 1);
  run(change, start + seconds, slowdown?.factor ?? 1);
  const tens = { total: inTens(total), bad: inTens(bad) };
  const costRatio = Float64Array.from(tens.total, (count, i) => {
    const requests = Math.max(1, count);
    const factor = start + 10 * i >= change ? (slowdown?.factor ?? 1) : 1;
    return factor * (1 + (noiseDeviation * normal(random)) / Math.sqrt(requests));
  });
  return { start, seconds, total, bad, tens, costRatio };
}

/** Sums of ten, a rest left out. */
export const inTens = (counts: Uint32Array): Uint32Array =>
  Uint32Array.from({ length: Math.floor(counts.length / 10) }, (_, i) =>
    counts.subarray(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0),
  );

interface Run {
  readonly from: number;
  readonly to: number;
  readonly factor: number;
  readonly random: Random;
}

function count(
  { server, rate, target }: VirtualService,
  { from, to, factor, random }: Run,
  into: Pick<VirtualTraffic, "start" | "total" | "bad">,
): void {
  const arrivals = arrivalsBetween(rate, from, to, random);
  // The sequence is in seconds already, so that its rate is left as it is.
  const { latencies } = simulate(server(factor), arrivals, 1, random, neverGiveUp);
  const limit = target.latencyMilliseconds * 1000;
  latencies.forEach((latency, i) => {
    const answered = Math.floor(from + (arrivals.instants[i] as number) + latency / 1e6 - into.start);
    if (answered >= into.total.length) return;
    into.total[answered] = (into.total[answered] as number) + 1;
    if (latency > limit) into.bad[answered] = (into.bad[answered] as number) + 1;
  });
}

/** Poisson arrivals whose rate follows the time of day, in seconds from `from` on. */
function arrivalsBetween(rate: VirtualService["rate"], from: number, to: number, random: Random): ArrivalSequence {
  const instants: number[] = [];
  // The rate changes little between two arrivals.
  for (let now = from + exponential(random) / rate(from); now < to; now += exponential(random) / rate(now)) {
    instants.push(now - from);
  }
  return { instants: Float64Array.from(instants), shapes, choice: new Uint32Array(instants.length) };
}

/** Poisson arrivals at one per unit of time. */
export function unitArrivals(length: number, random: Random): ArrivalSequence {
  let now = 0;
  const instants = Float64Array.from({ length }, () => {
    now += exponential(random);
    return now;
  });
  return { instants, shapes, choice: new Uint32Array(length) };
}
