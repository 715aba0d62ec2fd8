import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Measurements, nearestRank, summarizeLatency } from "./latency-summary.ts";

describe("nearestRank", () => {
  it("gives the smallest value that the share of all values does not exceed", () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
    expect(nearestRank(values, 0.5)).toBe(500);
    expect(nearestRank(values, 0.99)).toBe(990);
    expect(nearestRank(values, 0.999)).toBe(999);
    expect(nearestRank(values, 1)).toBe(1000);
  });

  it("holds its definition for any values and share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (values, share) => {
          const answer = nearestRank(Float64Array.from(values).sort(), share) ?? Number.NaN;
          const atMost = values.filter((value) => value <= answer).length;
          const below = values.filter((value) => value < answer).length;
          expect(atMost / values.length).toBeGreaterThanOrEqual(share - 1e-9);
          expect(below / values.length).toBeLessThan(share);
        },
      ),
    );
  });
});

describe("summarizeLatency", () => {
  it("is null throughout without a request", () => {
    const nothing = { p50: null, p90: null, p95: null, p99: null, p999: null, maximum: null };
    expect(summarizeLatency(new Measurements())).toEqual(nothing);
  });

  it("keeps every value when it outgrows its first buffer", () => {
    const latencies = new Measurements();
    for (let value = 5000; value > 0; value--) latencies.add(value);
    expect(latencies.size).toBe(5000);
    expect(summarizeLatency(latencies)).toMatchObject({ p50: 2500, p999: 4995, maximum: 5000 });
  });
});
