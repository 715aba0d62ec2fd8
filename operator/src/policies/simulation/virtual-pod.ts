import { type RecentTraffic, sizeIndex } from "@sweetspot/crds";
import type { PodTraffic } from "../pod-traffic.ts";
import { trafficReport } from "./traffic-report.ts";
import type { VirtualService, VirtualTraffic } from "./virtual-service.ts";

/** What the one pod of a service reports at an instant (seconds since the epoch, a multiple of 10). */
export function virtualPod(service: VirtualService, traffic: VirtualTraffic, now: number): PodTraffic {
  return {
    pod: "pod-0",
    node: "node-0",
    report: trafficReport(
      { modelName: service.name, revision: "r1", target: service.target },
      recentTraffic(traffic, now),
      now,
    ),
  };
}

function recentTraffic({ start, total, bad, tens, costRatio }: VirtualTraffic, now: number): RecentTraffic {
  const end = now - start;
  const block = end / 10;
  const last = (counts: Uint32Array, until: number, most: number) =>
    Array.from(counts.subarray(Math.max(0, until - most), until));
  const answered = last(tens.total, block, 30);
  const requests = last(tens.total, block, 3).reduce((a, b) => a + b, 0);
  const times = (microseconds: number) => answered.map((count) => count * microseconds);
  return {
    tenSeconds: { end: now, total: last(tens.total, block, 360), bad: last(tens.bad, block, 360) },
    seconds: { end: now, total: last(total, end, 120), bad: last(bad, end, 120) },
    stages: {
      end: now,
      answered,
      queue: times(1000),
      engine: times(1000),
      other: times(100),
      observed: answered.map((count, i) => count * 1000 * (costRatio[block - answered.length + i] as number)),
      expected: times(1000),
    },
    lengths: sketch(32, requests),
    rows: sketch(1, requests),
  };
}

function sketch(size: number, requests: number): number[] {
  const counts = new Array<number>(sizeIndex(size) + 1).fill(0);
  counts[sizeIndex(size)] = requests;
  return counts;
}
