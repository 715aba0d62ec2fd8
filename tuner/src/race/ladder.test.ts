import type { LoadStage } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { capacityOf, keepsTarget, ladderAround } from "./ladder.ts";

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
  it("lies where latency crosses the target between two rungs", () => {
    const capacity = capacityOf([stage(100, 10), stage(120, 25), stage(140, 100)], target);
    expect(capacity).toBeCloseTo(130, 6);
  });

  it("is at least the highest rung when all kept the target", () => {
    expect(capacityOf([stage(100, 10), stage(120, 20)], target)).toBe(120);
  });

  it("lies below the lowest rung when none kept it", () => {
    expect(capacityOf([stage(100, 75)], target)).toBeCloseTo(66.7, 1);
    expect(capacityOf([stage(100, 5000)], target)).toBe(50);
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
    expect(capacityOf([stage(100, 10), stage(120, 80), stage(140, 20)], target)).toBeLessThan(120);
  });

  it("looks at rates in ascending order on both sides of the guess", () => {
    const rates = ladderAround(100);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(rates[0]).toBeLessThan(100);
    expect(rates.at(-1)).toBeGreaterThan(100);
  });
});
