import { seededRandom } from "@sweetspot/planner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mixOrder, poissonArrivals } from "./arrivals.ts";

describe("poissonArrivals", () => {
  it("keeps the mean rate within 2 % over many arrivals", () => {
    const arrivals = poissonArrivals(500, 100, seededRandom(1));
    expect(arrivals.length / 100).toBeGreaterThan(490);
    expect(arrivals.length / 100).toBeLessThan(510);
  });

  it("spaces arrivals exponentially: the standard deviation of the gaps equals their mean", () => {
    const arrivals = poissonArrivals(1000, 50, seededRandom(2));
    const gaps = Array.from(arrivals.slice(1), (at, index) => at - (arrivals[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  });

  it("is increasing, within the stage, and the same for the same seed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2000 }), (seed, rate) => {
        const arrivals = poissonArrivals(rate, 0.5, seededRandom(seed));
        expect(arrivals).toEqual(poissonArrivals(rate, 0.5, seededRandom(seed)));
        expect(arrivals.every((at, index) => at >= (arrivals[index - 1] ?? 0) && at < 500)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("differs between seeds", () => {
    const first = poissonArrivals(100, 1, seededRandom(1));
    expect(poissonArrivals(100, 1, seededRandom(2))).not.toEqual(first);
    expect(poissonArrivals(100, 1, seededRandom(1 + 2 ** 32))).not.toEqual(first);
  });
});

describe("mixOrder", () => {
  it("takes every request once per pass, in another order each time", () => {
    const next = mixOrder(20, seededRandom(3));
    const pass = () => Array.from({ length: 20 }, next);
    const first = pass();
    const second = pass();
    const all = Array.from({ length: 20 }, (_, index) => index);
    expect(first.toSorted((a, b) => a - b)).toEqual(all);
    expect(second.toSorted((a, b) => a - b)).toEqual(all);
    expect(first).not.toEqual(second);
  });
});
