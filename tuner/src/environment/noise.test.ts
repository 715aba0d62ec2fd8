import { normal, seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { noiseFactorOf, noiseOf, timeRepeatedly } from "./noise.ts";

/** Work that takes these times, on a clock of its own. */
function scripted(times: readonly number[]) {
  let [now, run] = [0, 0];
  const work = async () => {
    now += times[run % times.length] as number;
    run += 1;
  };
  return { work, now: () => now, runs: () => run };
}

/** Times of equal work with log-normal noise. */
function noisyTimes(seed: number, runs: number, sigma: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: runs }, () => 100 * Math.exp(sigma * normal(random)));
}

describe("the spread of the noise", () => {
  it("lies between the tenth and the ninetieth percentile", () => {
    expect(noiseOf([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110])).toBeCloseTo(109 / 101 - 1);
    expect(noiseOf([7, 7, 7])).toBe(0);
  });
});

describe("the A/A factor", () => {
  it("is 1 where equal work takes equal time, and unknown with too few runs", () => {
    expect(noiseFactorOf(new Array(40).fill(3))).toBe(1);
    expect(noiseFactorOf([1, 2, 3, 4, 5, 6, 7])).toBeNull();
  });

  it("covers about 95 % of the ratios of further equal series", () => {
    const trials = 400;
    let outside = 0;
    for (let seed = 1; seed <= trials; seed += 1) {
      const factor = noiseFactorOf(noisyTimes(seed, 200, 0.05)) as number;
      // One more block of the same size, as a later comparison would time it.
      const [a, b] = [noisyTimes(1000 + seed, 10, 0.05), noisyTimes(9000 + seed, 10, 0.05)].map(
        (times) => times.toSorted((x, y) => x - y)[5] as number,
      );
      if (Math.abs(Math.log((a as number) / (b as number))) > Math.log(factor)) outside += 1;
    }
    expect(outside / trials).toBeGreaterThan(0.01);
    expect(outside / trials).toBeLessThan(0.12);
  });

  it("grows with the noise", () => {
    const factors = [0.01, 0.05, 0.2].map((sigma) => noiseFactorOf(noisyTimes(3, 200, sigma)) as number);
    expect(factors).toEqual(factors.toSorted((a, b) => a - b));
    expect(factors[2]).toBeGreaterThan(1.1);
  });

  it("does not take a machine that becomes slower and slower for noise", () => {
    // From one run to the next 2 %, so that A and B in turns would differ by as much in every block.
    const drifting = Array.from({ length: 200 }, (_, run) => 100 * 1.02 ** run);
    expect(noiseFactorOf(drifting)).toBeLessThan(1.005);
  });

  it("does not count bursts that slow down both series, which the plain spread does", () => {
    const bursts = Array.from({ length: 203 }, (_, run) => (run % 70 < 35 ? 100 : 180));
    expect(noiseFactorOf(bursts)).toBeLessThan(1.01);
    expect(noiseOf(bursts)).toBeCloseTo(0.8);
  });
});

describe("timing the same work", () => {
  it("does not count the runs that warm up", async () => {
    const { work, now, runs } = scripted([900, 900, ...new Array(20).fill(100)]);
    expect(await timeRepeatedly(work, { leastRuns: 20, milliseconds: 0, now })).toEqual(new Array(20).fill(100));
    expect(runs()).toBe(22);
  });

  it("goes on until the time is over", async () => {
    const { work, now } = scripted([10]);
    expect(await timeRepeatedly(work, { leastRuns: 5, milliseconds: 200, now })).toHaveLength(20);
  });

  it("stops when told to", async () => {
    const { work, now } = scripted([10]);
    const stopped = { leastRuns: 20, milliseconds: 0, now, signal: AbortSignal.abort() };
    expect(await timeRepeatedly(work, stopped)).toEqual([]);
  });

  it("passes an error of the work through", async () => {
    const work = () => Promise.reject(new Error("engine lost"));
    await expect(timeRepeatedly(work, { leastRuns: 5, milliseconds: 0 })).rejects.toThrow("engine lost");
  });
});
