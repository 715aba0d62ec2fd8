import { describe, expect, it } from "vitest";
import { machineNoise } from "./machine-noise.ts";

describe("the machine's noise", () => {
  it("pools cells of different size, each relative to its own median", () => {
    const noise = machineNoise([
      [100, 100, 100],
      [7000, 7000, 7000],
    ]);
    expect(noise.noiseFactors.every((factor) => factor === 1)).toBe(true);
    expect(noise.stalls).toBeUndefined();
  });

  it("lets a slow run count by its share: the mean of the factors is the mean of the ratios", () => {
    const times = [...new Array<number>(99).fill(10_000), 14_000];
    const { noiseFactors } = machineNoise([times]);
    const average = noiseFactors.reduce((sum, factor) => sum + factor, 0) / noiseFactors.length;
    expect(noiseFactors.length).toBeLessThanOrEqual(64);
    expect(average).toBeGreaterThan(1.003);
    expect(average).toBeLessThan(1.007);
    expect(noiseFactors[0]).toBe(1);
  });

  it("tells interruptions from factors, and measures them in time and not in batches", () => {
    const short = [...new Array<number>(499).fill(2000), 22_000];
    const long = [...new Array<number>(49).fill(40_000), 61_000];
    const { noiseFactors, stalls } = machineNoise([short, long]);
    expect(noiseFactors.every((factor) => factor === 1)).toBe(true);
    expect(stalls?.microseconds).toEqual([20_000, 21_000]);
    // Two in the 3.04 s that the runs took.
    expect(stalls?.perSecond).toBeCloseTo(2 / 3.041, 3);
  });

  it("tells how the speed wanders from what the same work took between the cells, 1 on average, and nothing from a few times", () => {
    // The third was interrupted for most of its time, and yet tells the speed.
    const references = [[8], [10], [10, 10, 90, 90, 90], [12], [12]];
    const { drift, noiseFactors } = machineNoise([[100, 100, 100]], references);
    expect(noiseFactors).toEqual([1, 1, 1]);
    expect(drift?.factors.map((factor) => 10.5 * factor)).toEqual([9, 10, 11, 12]);
    expect(machineNoise([[100, 100, 100]], references.slice(1)).drift).toBeUndefined();
  });
});
