import { apiVersion, type RecentTraffic, type TrafficSnapshot } from "@sweetspot/crds";
import type { Observation } from "../diagnosis/observation.ts";
import type { PodTraffic } from "../pod-traffic.ts";
import type { ServiceLevelVerdict } from "../service-level.ts";
import { trafficReport } from "../simulation/traffic-report.ts";

/** 2026-01-05, a Monday, in seconds since the epoch. */
export const monday = 1_767_571_200;
export const target = { percentile: "P99", latencyMilliseconds: 50 } as const;

/** Blocks of 10 s that end at `end`, each with as many requests, and bad ones as given, oldest first. */
export function podWith(
  bad: readonly number[],
  { total = 500, end = monday, name = "pod-0" }: { total?: number; end?: number; name?: string } = {},
): PodTraffic {
  const each = (value: number) => bad.map(() => value);
  const blocks = { end, total: each(total), bad: [...bad] };
  const stages = bad.slice(-30);
  const traffic: RecentTraffic = {
    tenSeconds: blocks,
    seconds: { end, total: [], bad: [] },
    stages: {
      end,
      answered: stages.map(() => total),
      queue: stages.map(() => total * 2000),
      engine: stages.map(() => total * 5000),
      other: stages.map(() => total * 1000),
      observed: stages.map(() => total * 5000),
      expected: stages.map(() => total * 5000),
    },
    lengths: [0, 0, 0, 0, total * 6],
    rows: [total * 6],
  };
  return { pod: name, node: "node-0", report: trafficReport({ modelName: "m", revision: "r2", target }, traffic, end) };
}

export const silentPod = (name: string): PodTraffic => ({ pod: name, node: "node-0", report: null });

export const snapshot = (changes: Partial<TrafficSnapshot> = {}): TrafficSnapshot => ({
  at: "2026-01-05T00:10:00Z",
  requestsPerSecond: 100,
  costRatio: 1.02,
  nodes: ["node-0", "node-1", "node-2"].map((name) => ({ name, costRatio: 1.02 })),
  lengths: [0, 0, 0, 0, 0, 0, 3000, 3000],
  rows: [6000],
  dispersion: 1,
  stages: { queue: 3000, engine: 6000, other: 1000 },
  ...changes,
});

export const breached: ServiceLevelVerdict = {
  state: "Breached",
  reason: "Missed",
  allowed: 0.01,
  requests: 36_000,
  bad: 1800,
  share: { estimate: 0.05, low: 0.04, high: 0.06 },
  began: monday * 1000,
  burnRate: 5,
  urgent: false,
  silentPods: [],
  sentence: "5.00 % of 36000 requests missed the target, more than the 1.00 % that may.",
};

export const met: ServiceLevelVerdict = { ...breached, state: "Met", reason: "Met", began: null, bad: 0, burnRate: 0 };

/** 50 ms are missed, and nothing else has changed since promotion: three replicas carry 60/s each, 2 ms + L/8 ms a row. */
export const observation = (changes: Partial<Observation> = {}): Observation => ({
  target,
  level: breached,
  present: snapshot(),
  surge: 90,
  promoted: snapshot(),
  revision: { name: "r2", since: (monday - 86_400) * 1000, previous: "r1", shareBefore: 0.002 },
  plan: {
    costTable: {
      apiVersion,
      kind: "CostTable",
      cells: [1, 2, 4].flatMap((rows) =>
        [8, 32, 128, 512].map((length) => ({
          rows,
          length,
          microseconds: rows * (2000 + length * 125),
          samples: 5,
        })),
      ),
      noiseFactors: [1],
      overhead: {
        perBatchMicroseconds: 100,
        perRequestMicroseconds: 0,
        shared: { cpus: 2, microsecondsPerRequest: 500 },
      },
    },
    layout: { instances: 2, threadsPerInstance: 1, pinned: true, spinning: false },
    capacityRequestsPerSecond: 60,
    bestReachableMilliseconds: 4,
  },
  readyReplicas: 3,
  nodes: { kind: "Alike" },
  ...changes,
});
