import type { RecentTraffic, ServiceLevelReport, SizeSketch, TrafficSnapshot } from "@sweetspot/crds";
import { type MissBlock, median } from "@sweetspot/planner";

/** A serving pod that should report, and its last report; null when it could not be had or is too old. */
export interface PodTraffic {
  readonly pod: string;
  readonly node: string;
  readonly report: ServiceLevelReport | null;
}

/** A block of requests of all pods. `start`: seconds since the epoch. */
export interface TrafficBlock extends MissBlock {
  readonly start: number;
}

/** A pod's clock may be ahead by so much; what it tells of later is not believed. */
const clockSkewSeconds = 15;
/** Shares of stages and costs are those of the last two minutes: a burst of seconds does not move a median over them. */
const costBlocks = 12;
/** So many of them must have had traffic. */
const leastCostBlocks = 6;

const trafficOf = (pods: readonly PodTraffic[]): RecentTraffic[] =>
  pods.map(({ report }) => report?.traffic).filter((traffic) => traffic !== undefined);

/**
 * The requests of all pods from `from` to `now` (both in seconds since the epoch), in blocks of 10 s and, for the last two
 * minutes, of 1 s, oldest first and without gaps.
 */
export function requestBlocks(pods: readonly PodTraffic[], from: number, now: number): TrafficBlock[] {
  const traffic = trafficOf(pods);
  const fine = addUp(
    traffic.map(({ seconds }) => seconds),
    { width: 1, from, now },
  );
  const coarse = addUp(
    traffic.map(({ tenSeconds }) => tenSeconds),
    { width: 10, from, now },
  );
  const change = Math.ceil((fine[0]?.start ?? Number.POSITIVE_INFINITY) / 10) * 10;
  return [...coarse.filter(({ start }) => start < change), ...fine.filter(({ start }) => start >= change)];
}

interface Span {
  readonly width: number;
  readonly from: number;
  readonly now: number;
}

/** No pod remembers more than an hour: one that lags by more would only stretch the gap. */
const mostSeconds = 3600;

function addUp(rings: readonly RecentTraffic["seconds"][], { width, from, now }: Span): TrafficBlock[] {
  const believed = rings.filter(({ end, total }) => end <= now + clockSkewSeconds && total.length > 0);
  const end = Math.max(...believed.map((ring) => ring.end));
  const beginning = Math.min(...believed.map((ring) => ring.end - ring.total.length * width));
  const first = Math.max(beginning, Math.ceil(from / width) * width, end - mostSeconds);
  if (!(first < end)) return [];
  const blocks = Array.from({ length: (end - first) / width }, (_, i) => ({
    start: first + i * width,
    seconds: width,
    total: 0,
    bad: 0,
  }));
  for (const ring of believed) {
    const offset = (ring.end - first) / width - ring.total.length;
    for (let i = Math.max(0, -offset); i < ring.total.length; i += 1) {
      const block = blocks[offset + i] as (typeof blocks)[0];
      block.total += ring.total[i] as number;
      block.bad += ring.bad[i] as number;
    }
  }
  return blocks;
}

/** Requests per second over the last `seconds` of the blocks; 0 without any. */
function arrivalRate(blocks: readonly TrafficBlock[], seconds = 60): number {
  const end = endOf(blocks);
  const recent = blocks.filter(({ start }) => start >= end - seconds);
  const span = recent.reduce((sum, block) => sum + block.seconds, 0);
  return span === 0 ? 0 : recent.reduce((sum, block) => sum + block.total, 0) / span;
}

const surgeSeconds = 15;
/** By so many standard deviations of a count chance is ruled out. */
const surgeDeviations = 3;

/**
 * Requests per second of the last quarter of a minute, at the least: a surge shows here before it shows in the mean of a minute.
 * `now`: seconds since the epoch.
 */
export function surgeRate(pods: readonly PodTraffic[], now: number): number {
  const blocks = requestBlocks(pods, now - 60, now);
  const end = endOf(blocks);
  const recent = blocks.filter(({ start }) => start >= end - surgeSeconds);
  const seconds = recent.reduce((sum, block) => sum + block.seconds, 0);
  const requests = recent.reduce((sum, block) => sum + block.total, 0);
  return seconds === 0 ? 0 : Math.max(0, requests - surgeDeviations * Math.sqrt(requests)) / seconds;
}

/** Share of bad requests in the last `seconds`; null without requests. */
export function recentShare(pods: readonly PodTraffic[], now: number, seconds: number): number | null {
  const blocks = requestBlocks(pods, now - seconds, now);
  const total = blocks.reduce((sum, block) => sum + block.total, 0);
  return total === 0 ? null : blocks.reduce((sum, block) => sum + block.bad, 0) / total;
}

export function endOf(blocks: readonly TrafficBlock[]): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.start + last.seconds;
}

/** What traffic looks like now. `now`: milliseconds since the epoch. */
export function snapshotOf(pods: readonly PodTraffic[], now: number): TrafficSnapshot {
  const traffic = trafficOf(pods);
  const blocks = addUp(
    traffic.map(({ tenSeconds }) => tenSeconds),
    { width: 10, from: now / 1000 - 320, now: now / 1000 },
  );
  const nodes = [...new Set(pods.map(({ node }) => node))].sort();
  return {
    at: new Date(now).toISOString(),
    requestsPerSecond: arrivalRate(blocks),
    costRatio: costRatio(traffic),
    nodes: nodes.map((name) => ({ name, costRatio: costRatio(trafficOf(pods.filter(({ node }) => node === name))) })),
    lengths: addSketches(traffic.map(({ lengths }) => lengths)),
    rows: addSketches(traffic.map(({ rows }) => rows)),
    dispersion: dispersionOf(blocks.map(({ total }) => total)),
    stages: stageTimes(traffic),
  };
}

/** Median over recent blocks of observed over expected engine time. */
function costRatio(traffic: readonly RecentTraffic[]): number | null {
  const ratios: number[] = [];
  for (let back = 1; back <= costBlocks; back += 1) {
    const sum = (of: "observed" | "expected") =>
      traffic.reduce((all, { stages }) => all + (stages[of].at(-back) ?? 0), 0);
    const [observed, expected] = [sum("observed"), sum("expected")];
    if (observed > 0 && expected > 0) ratios.push(observed / expected);
  }
  return ratios.length < leastCostBlocks ? null : median(ratios);
}

function stageTimes(traffic: readonly RecentTraffic[]): TrafficSnapshot["stages"] {
  const sum = (of: "answered" | "queue" | "engine" | "other") =>
    traffic.reduce((all, { stages }) => all + stages[of].slice(-costBlocks).reduce((a, b) => a + b, 0), 0);
  const answered = sum("answered");
  if (answered === 0) return null;
  return { queue: sum("queue") / answered, engine: sum("engine") / answered, other: sum("other") / answered };
}

function addSketches(sketches: readonly SizeSketch[]): SizeSketch {
  const length = Math.max(0, ...sketches.map((sketch) => sketch.length));
  return Array.from({ length }, (_, i) => sketches.reduce((sum, sketch) => sum + (sketch[i] ?? 0), 0));
}

const leastDispersionBlocks = 20;
/** Median of a squared standard normal number. */
const medianOfSquare = 0.4549;

/**
 * Index of dispersion of counts (variance over mean; Cox and Lewis, The Statistical Analysis of Series of Events, 1966), from the
 * median of the squared steps between neighbours, so that neither a trend nor one jump of the rate looks like bursts.
 */
function dispersionOf(counts: readonly number[]): number | null {
  if (counts.length < leastDispersionBlocks) return null;
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
  // Below five requests a block the steps of a count are too coarse to tell.
  if (mean < 5) return null;
  const steps = counts.slice(1).map((count, i) => (count - (counts[i] as number)) ** 2);
  return median(steps) / (2 * medianOfSquare * mean);
}
