import { describe, expect, it } from "vitest";
import { latencyAt } from "../simulator/capacity.ts";
import { simulate } from "../simulator/simulate.ts";
import { poissonArrivals } from "../simulator/workload.ts";
import { serverOf } from "../testing/servers.ts";
import { detectExcess, type MissBlock } from "./excess-detector.ts";
import { missShare } from "./miss-share.ts";
import { seededRandom } from "./random.ts";

const week = 7 * 86_400;
const p99 = { allowed: 0.01, falseAlarmSeconds: 20 * week };

/** Blocks of independent requests. */
function independent(blocks: number, total: number, rate: number, seed: number): MissBlock[] {
  const random = seededRandom(seed);
  return Array.from({ length: blocks }, () => {
    let bad = 0;
    for (let i = 0; i < total; i += 1) if (random() < rate) bad += 1;
    return { seconds: 10, total, bad };
  });
}

/** Ten seconds each of a queue at 10 requests/s and a load of 0.8 that misses its target at just this rate. */
function queueing(hours: number, rate: number, seed: number): MissBlock[] {
  const shapes = [{ rows: 1, length: 32, group: "" }];
  const server = serverOf(() => 80_000, {});
  const run = simulate(server, poissonArrivals(36_000 * hours, shapes, seededRandom(seed)), 10, seededRandom(1));
  const limit = latencyAt(run, 1 - rate);
  return Array.from({ length: 360 * hours }, (_, block) => {
    const latencies = run.latencies.subarray(100 * block, 100 * block + 100);
    return { seconds: 10, total: 100, bad: latencies.reduce((sum, latency) => sum + (latency > limit ? 1 : 0), 0) };
  });
}

describe("the detector of an excess of misses", () => {
  it("does not accuse a queue that misses just as often as allowed, however its misses cluster", () => {
    const blocks = queueing(12, 0.01, 7);
    for (let end = 360; end <= blocks.length; end += 30) {
      expect(detectExcess(blocks.slice(end - 360, end), p99).exceeded).toBe(false);
    }
  });

  it("finds a steady 1.5 % of misses on a p99 within an hour at 50 requests/s", () => {
    for (const seed of [1, 2, 3, 4, 5])
      expect(detectExcess(independent(360, 500, 0.015, seed), p99).exceeded).toBe(true);
    for (const seed of [1, 2, 3, 4, 5])
      expect(detectExcess(independent(360, 500, 0.009, seed), p99).exceeded).toBe(false);
  });

  it("finds a p90 that misses 15 %", () => {
    const options = { ...p99, allowed: 0.1 };
    expect(detectExcess(independent(90, 500, 0.15, 3), options).exceeded).toBe(true);
    expect(detectExcess(independent(90, 500, 0.1, 3), options).exceeded).toBe(false);
  });

  it("finds a tenth of the requests missing within fifteen seconds at 200 requests/s", () => {
    const blocks = independent(15, 200, 0.12, 5).map((block) => ({ ...block, seconds: 1 }));
    expect(detectExcess(blocks, p99).exceeded).toBe(true);
  });

  it("takes a machine that stands still for five seconds every ten minutes for what it is: within the budget", () => {
    const blocks = Array.from({ length: 360 }, (_, i) => ({ seconds: 10, total: 100, bad: i % 60 === 59 ? 50 : 0 }));
    expect(detectExcess(blocks, p99).exceeded).toBe(false);
  });

  it("says when it began", () => {
    const blocks = [...independent(200, 100, 0.005, 6), ...independent(60, 100, 0.2, 7)];
    const { exceeded, began } = detectExcess(blocks, p99);
    expect(exceeded).toBe(true);
    expect(Math.abs((began as number) - 200)).toBeLessThanOrEqual(4);
  });

  it("lets go after ten good minutes and no sooner, and can find the next", () => {
    const bad = independent(60, 100, 0.5, 8);
    const good = independent(100, 100, 0.001, 9);
    expect(detectExcess([...bad, ...good.slice(0, 55)], p99).exceeded).toBe(true);
    expect(detectExcess([...bad, ...good.slice(0, 62)], p99).exceeded).toBe(false);
    expect(detectExcess([...bad, ...good, ...bad], p99).exceeded).toBe(true);
    expect(detectExcess(good.slice(0, 30), { ...p99, already: true }).exceeded).toBe(true);
    expect(detectExcess(good, { ...p99, already: true }).exceeded).toBe(false);
  });

  it("says nothing of silence", () => {
    const silence = Array.from({ length: 360 }, () => ({ seconds: 10, total: 0, bad: 0 }));
    expect(detectExcess(silence, p99)).toEqual({ exceeded: false, began: null, logEvidence: Number.NEGATIVE_INFINITY });
  });
});

describe("the interval of a miss share", () => {
  it("is as wide as clustered misses need: it has the true share far more often than a binomial's", () => {
    const blocks = queueing(40, 0.01, 11);
    let [covered, binomial] = [0, 0];
    for (let hour = 0; hour < 40; hour += 1) {
      const share = missShare(blocks.slice(360 * hour, 360 * hour + 360));
      if (share === null) throw new Error("there were requests");
      if (share.low <= 0.01 && share.high >= 0.01) covered += 1;
      if (Math.abs(share.estimate - 0.01) <= 1.96 * Math.sqrt((0.01 * 0.99) / 36_000)) binomial += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(34);
    expect(binomial).toBeLessThan(24);
  });

  it("knows that a hundred good requests prove no p99, and nothing proves nothing", () => {
    expect(missShare([{ seconds: 10, total: 100, bad: 0 }])?.high).toBeGreaterThan(0.01);
    expect(missShare([{ seconds: 10, total: 10_000, bad: 0 }])?.high).toBeLessThan(0.01);
    expect(missShare([])).toBeNull();
  });
});
