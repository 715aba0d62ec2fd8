import { seededRandom } from "@sweetspot/planner";
import { defaultRetuning } from "../retuning.ts";
import { VirtualLoop } from "./virtual-loop.ts";
import { virtualPod } from "./virtual-pod.ts";
import { simulateTraffic, type VirtualService, virtualService } from "./virtual-service.ts";

/** Pods are asked more often than that in the cluster; blocks are 10 s long. */
const lookSeconds = 10;
const daySeconds = 86_400;
/** A Monday at midnight. */
const monday = 1_767_571_200;

/**
 * Services at 10 requests/s and more, at a load of 0.8 at their daily peak, that have exactly as many misses as allowed there: any
 * other that keeps its promise is easier.
 */
export const servicesAtTheEdge = (): VirtualService[] => {
  const common = { peak: 20, night: 0.5, load: 0.8, edge: 1, instances: 1, maximumRows: 1, growth: () => 1 };
  return [
    virtualService({ ...common, name: "p99, one engine", percentile: "P99" }),
    virtualService({
      ...common,
      name: "p99, batches of 8",
      percentile: "P99",
      maximumRows: 8,
      growth: (rows) => (2.3 + rows) / 3.3,
    }),
    virtualService({ ...common, name: "p95, two engines", percentile: "P95", instances: 2 }),
    virtualService({ ...common, name: "p90, one engine", percentile: "P90" }),
  ];
};

export interface QuietWeek {
  readonly requests: number;
  readonly bad: number;
  /** Times that a cause was named, and that something was done. */
  readonly triggers: number;
  readonly actions: number;
}

/** A stretch of days in which nothing happens but what happens every day. */
export function simulateQuietDays(service: VirtualService, days: number, seed: number): QuietWeek {
  const seconds = days * daySeconds;
  const traffic = simulateTraffic(service, { start: monday, seconds, seed });
  const loop = new VirtualLoop(service, defaultRetuning, monday);
  let [triggers, actions, before] = [0, 0, false];
  for (let now = monday + lookSeconds; now <= monday + seconds; now += lookSeconds) {
    const { diagnosis, decision } = loop.look([virtualPod(service, traffic, now)], now);
    const found = diagnosis.cause !== null;
    if (found && !before) triggers += 1;
    if (decision.kind === "Act") actions += 1;
    before = found;
  }
  return { requests: total(traffic.total), bad: total(traffic.bad), triggers, actions };
}

const total = (counts: Uint32Array): number => counts.reduce((sum, count) => sum + count, 0);

export interface FoundSlowdown {
  /** Seconds from the slow-down until a cause was named, an action decided and the target called missed; infinite where not in time. */
  readonly named: number;
  readonly acted: number;
  readonly breached: number;
  /** Share of requests that missed the target after it. */
  readonly share: number;
}

const beforeSeconds = 3600;

/**
 * Engines become `factor` times as slow at a random time of the day. `sees`: whether pods compare batches with the table; without
 * it only the misses tell.
 */
export function simulateSlowdown(service: VirtualService, factor: number, seed: number, sees = true): FoundSlowdown {
  const afterSeconds = 900;
  const random = seededRandom(seed);
  const start = monday + 10 * Math.floor((random() * daySeconds) / 10);
  // Somewhere within a block, as it happens.
  const from = start + beforeSeconds + 10 * random();
  const seconds = beforeSeconds + 10 + afterSeconds;
  const traffic = simulateTraffic(service, { start, seconds, seed: seed + 1, slowdown: { from, factor } });
  if (!sees) traffic.costRatio.fill(1);
  const loop = new VirtualLoop(service, defaultRetuning, start);
  const found = {
    named: Number.POSITIVE_INFINITY,
    acted: Number.POSITIVE_INFINITY,
    breached: Number.POSITIVE_INFINITY,
  };
  for (let now = start + lookSeconds; now <= start + seconds && found.acted > afterSeconds; now += lookSeconds) {
    const { level, diagnosis, decision } = loop.look([virtualPod(service, traffic, now)], now);
    if (now <= from) continue;
    if (diagnosis.cause !== null) found.named = Math.min(found.named, now - from);
    if (level.state === "Breached") found.breached = Math.min(found.breached, now - from);
    if (decision.kind === "Act") found.acted = Math.min(found.acted, now - from);
  }
  const first = Math.ceil(from - start);
  return { ...found, share: total(traffic.bad.subarray(first)) / Math.max(1, total(traffic.total.subarray(first))) };
}
