import { describe, expect, it } from "vitest";
import { binomialAtMost, fewestMissesToFail, mostMissesToPass } from "./binomial.ts";

describe("binomial counts", () => {
  // MLPerf LoadGen's early stopping at 99 % confidence.
  it.each([
    [459, 0.01, 0],
    [662, 0.01, 1],
    [838, 0.01, 2],
    [1307, 0.01, 5],
    [2010, 0.01, 10],
    [3304, 0.01, 20],
    [90, 0.05, 0],
    [165, 0.05, 2],
    [398, 0.05, 10],
    [44, 0.1, 0],
    [197, 0.1, 10],
  ])("%i requests with %f allowed pass with %i misses, and one request fewer does not", (n, allowed, misses) => {
    expect(mostMissesToPass(n, allowed, 0.99)).toBe(misses);
    expect(mostMissesToPass(n - 1, allowed, 0.99)).toBe(misses - 1);
  });

  it("sums to one", () => {
    expect(binomialAtMost(500, 500, 0.03)).toBeCloseTo(1, 9);
    expect(binomialAtMost(10, 2, 0.3)).toBeCloseTo(0.3827827864, 8);
  });

  it("fails only on counts that a just-passing system rarely shows", () => {
    const fewest = fewestMissesToFail(1000, 0.01, 0.95);
    expect(1 - binomialAtMost(1000, fewest - 1, 0.01)).toBeLessThanOrEqual(0.05);
    expect(1 - binomialAtMost(1000, fewest - 2, 0.01)).toBeGreaterThan(0.05);
  });
});
