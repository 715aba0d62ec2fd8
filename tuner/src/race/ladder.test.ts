import type { LoadStage } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { edgeOf, keepsTarget, nextRung } from "./ladder.ts";

const target = { percentile: "P99" as const, latencyMilliseconds: 50 };

function stage(rate: number, p99: number, bad = p99 > 50 ? 20 : 0): LoadStage {
  return {
    offeredRequestsPerSecond: rate,
    seconds: 1,
    counts: { total: 1000, late: bad, refused: 0, expired: 0, failed: 0, excluded: 0 },
    latencyMilliseconds: { p50: 5, p90: 9, p95: 10, p99, p999: p99, maximum: p99 },
    goodRequestsPerSecond: rate,
    answeredRequestsPerSecond: rate,
    sendDelayMilliseconds: 0,
  };
}

describe("the capacity of one round", () => {
  it("lies where the odds of a miss cross those that the target allows", () => {
    const odds = 1 / 99;
    const [below, above] = [odds / 3, odds * 3].map((each) => 1000 * (each / (1 + each)));
    const capacity = edgeOf([stage(100, 10), stage(120, 25, below), stage(140, 100, above)], target);
    expect(Math.abs(capacity - 130)).toBeLessThan(1);
  });

  it("is nearer to a rung that just kept the target than to one that missed it by far", () => {
    const near = edgeOf([stage(100, 49, 9), stage(120, 400, 300)], target);
    expect(near).toBeGreaterThan(100);
    expect(near).toBeLessThan(105);
    expect(edgeOf([stage(100, 10), stage(120, 60, 20)], target)).toBeGreaterThan(112);
  });

  it("is the same whether a server refuses what it cannot answer in time, or answers it late", () => {
    const late = stage(120, 100, 70);
    const refusing = { ...stage(120, 45), counts: { ...late.counts, late: 0, refused: 70 } };
    const [slow, quick] = [late, refusing].map((above) => edgeOf([stage(100, 10), above], target));
    expect(slow).toBeLessThan(115);
    expect(quick).toBe(slow);
    expect(edgeOf([refusing], target)).toBeCloseTo(0.93 * 120, 9);
  });

  it("is at least the highest rung when all kept the target", () => {
    expect(edgeOf([stage(100, 10), stage(120, 20)], target)).toBe(120);
  });

  it("lies below the lowest rung when none kept it", () => {
    expect(edgeOf([stage(100, 75)], target)).toBeCloseTo(66.7, 1);
    expect(edgeOf([stage(100, 5000)], target)).toBe(50);
  });

  it("counts refused requests as misses although those that were answered were quick", () => {
    const shedding = stage(100, 10);
    expect(keepsTarget({ ...shedding, counts: { ...shedding.counts, refused: 16 } }, target)).toBe(false);
    expect(keepsTarget({ ...shedding, counts: { ...shedding.counts, refused: 10 } }, target)).toBe(true);
  });

  it("is not ended by one slow moment of a short rung", () => {
    const counts = { total: 100, late: 2, refused: 0, expired: 0, failed: 0, excluded: 0 };
    expect(keepsTarget({ counts }, target)).toBe(true);
    expect(keepsTarget({ counts: { ...counts, late: 4 } }, target)).toBe(false);
  });

  it("does not believe a rung above one that missed", () => {
    expect(edgeOf([stage(100, 10), stage(120, 80), stage(140, 20)], target)).toBeLessThan(120);
  });

  it("does not depend on the order in which rates were tried", () => {
    const stages = [stage(140, 100), stage(120, 25)];
    expect(edgeOf(stages, target)).toBeCloseTo(edgeOf(stages.toReversed(), target), 9);
  });
});

describe("a climb", () => {
  const climb = (latencyAt: (rate: number) => number, guess: number) => {
    const stages: LoadStage[] = [];
    for (let rate = nextRung(stages, guess, target); rate !== null; rate = nextRung(stages, guess, target)) {
      stages.push(stage(rate, latencyAt(rate)));
    }
    return stages;
  };
  const queue = (rate: number) => (rate < 130 ? 20 : 400);

  it("goes up from a guess that was too low, and down from one that was too high", () => {
    for (const guess of [90, 128, 135, 170]) {
      const capacity = edgeOf(climb(queue, guess), target);
      expect(capacity).toBeGreaterThan(112);
      expect(capacity).toBeLessThan(150);
    }
  });

  it("takes two rungs when the guess is good", () => {
    expect(climb(queue, 125)).toHaveLength(2);
  });

  it("ends without an edge in sight", () => {
    expect(climb(() => 10, 1).length).toBeLessThanOrEqual(5);
    expect(climb(() => 1e6, 1).length).toBeLessThanOrEqual(5);
  });
});
