import { describe, expect, it } from "vitest";
import { noiseFactors } from "./noise-factors.ts";

describe("the machine's noise", () => {
  it("pools cells of different size, each relative to its own median", () => {
    expect(
      noiseFactors([
        [100, 100, 100],
        [7000, 7000, 7000],
      ]).every((factor) => factor === 1),
    ).toBe(true);
  });

  it("lets a rare slow run count by its share: the mean of the factors is the mean of the ratios", () => {
    const times = [...new Array<number>(99).fill(100), 900];
    const factors = noiseFactors([times]);
    const average = factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
    expect(factors.length).toBeLessThanOrEqual(32);
    expect(average).toBeGreaterThan(1.05);
    expect(average).toBeLessThan(1.12);
    expect(factors[0]).toBe(1);
  });
});
