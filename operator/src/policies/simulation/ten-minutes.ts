import { seededRandom } from "@sweetspot/planner";
import { defaultRetuning } from "../retuning.ts";
import { VirtualLoop } from "./virtual-loop.ts";
import { virtualPod } from "./virtual-pod.ts";
import {
  inTens,
  simulateTraffic,
  type VirtualService,
  type VirtualTraffic,
  virtualService,
} from "./virtual-service.ts";

const lookSeconds = 10;
const monday = 1_767_571_200;

/** What a loop made of a stretch of traffic. */
export interface WatchedTraffic {
  /** Seconds until the target was called missed; infinite where it was not. */
  readonly breached: number;
  /** Times that a plan was searched or measured again. */
  readonly retunings: number;
}

function watch(service: VirtualService, traffic: VirtualTraffic): WatchedTraffic {
  const loop = new VirtualLoop(service, defaultRetuning, traffic.start);
  let [breached, retunings] = [Number.POSITIVE_INFINITY, 0];
  for (let at = lookSeconds; at <= traffic.seconds; at += lookSeconds) {
    const { level, decision } = loop.look([virtualPod(service, traffic, traffic.start + at)], traffic.start + at);
    if (level.state === "Breached") breached = Math.min(breached, at);
    if (decision.kind === "Act") retunings += 1;
  }
  return { breached, retunings };
}

const steady = (percentile: "P99" | "P90", requestsPerSecond: number): VirtualService =>
  virtualService({
    name: "steady",
    percentile,
    instances: 1,
    maximumRows: 8,
    growth: (rows) => (2.3 + rows) / 3.3,
    peak: requestsPerSecond,
    night: 1,
    load: 0.8,
    edge: 1,
  });

/** Ten minutes at the very rate that the service just carries. */
export function nearCapacity(trials: number, requestsPerSecond: number, seed: number): WatchedTraffic[] {
  const service = steady("P99", requestsPerSecond);
  return Array.from({ length: trials }, (_, i) =>
    watch(service, simulateTraffic(service, { start: monday, seconds: 600, seed: seed + i })),
  );
}

export interface SteadyMisses {
  readonly percentile: "P99" | "P90";
  readonly requestsPerSecond: number;
  readonly rate: number;
  readonly seconds: number;
}

/** A steady share of requests is late, each on its own, as when one kind of request is too slow. */
export function steadyMisses(trials: number, options: SteadyMisses, seed: number): WatchedTraffic[] {
  const { percentile, requestsPerSecond, rate, seconds } = options;
  const service = steady(percentile, Math.max(10, requestsPerSecond));
  return Array.from({ length: trials }, (_, i) => {
    const random = seededRandom(seed + i);
    const total = Uint32Array.from({ length: seconds }, () => countOf(60, requestsPerSecond / 60, random));
    const bad = total.map((count) => countOf(count, rate, random));
    const tens = { total: inTens(total), bad: inTens(bad) };
    const costRatio = new Float64Array(seconds / 10).fill(1);
    return watch(service, { start: monday, seconds, total, bad, tens, costRatio });
  });
}

/** Successes of so many tries; with `share` above 1 all succeed, and as many again. */
function countOf(tries: number, share: number, random: () => number): number {
  let count = 0;
  for (let i = 0; i < tries; i += 1) {
    count += Math.floor(share);
    if (random() < share % 1) count += 1;
  }
  return count;
}
