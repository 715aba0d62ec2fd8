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

  it("takes what a long batch lost for several of the interruptions that short ones meet one at a time", () => {
    const short = [...new Array<number>(198).fill(10_000), 30_000, 29_000];
    const long = [...new Array<number>(18).fill(90_000), 190_000, 171_000];
    const { stalls } = machineNoise([short, long]);
    expect(stalls?.microseconds).toHaveLength(2 + 5 + 4);
    expect(Math.max(...(stalls?.microseconds ?? []))).toBeLessThan(25_000);
    // As much time is lost as before.
    const lost = (stalls?.microseconds ?? []).reduce((sum, microseconds) => sum + microseconds, 0);
    expect(lost).toBeCloseTo(20_000 + 19_000 + 100_000 + 81_000);
  });

  const slowThenQuick = [...new Array<number[]>(8).fill([10, 10, 90, 90]), ...new Array<number[]>(8).fill([15])];

  it("tells how the speed wanders from what the same work took between the cells, 1 on average", () => {
    const { drift, noiseFactors } = machineNoise([[100, 100, 100]], slowThenQuick);
    expect(noiseFactors).toEqual([1, 1, 1]);
    const factors = drift?.factors ?? [];
    expect(factors.reduce((sum, factor) => sum + factor, 0) / factors.length).toBeCloseTo(1);
    // Interruptions of a reference are no speed; nearly all of the scatter lasts from one to the next.
    expect((factors.at(-1) ?? 0) / (factors[0] ?? 1)).toBeGreaterThan(1.4);
    expect((factors.at(-1) ?? 0) / (factors[0] ?? 1)).toBeLessThan(1.5);
  });

  it("takes for no speed what does not last until the next reference, nor what few references say", () => {
    const flickering = slowThenQuick.map((_, i) => [i % 2 === 0 ? 10 : 15]);
    expect(machineNoise([[100, 100, 100]], flickering).drift).toBeUndefined();
    expect(machineNoise([[100, 100, 100]], slowThenQuick.slice(5, 12)).drift).toBeUndefined();
  });
});
