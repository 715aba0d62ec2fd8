import { describe, expect, it } from "vitest";
import { measureNoise, noiseOf } from "./noise.ts";

/** Work that takes these times, on a clock of its own. */
function scripted(times: readonly number[]) {
  let [now, run] = [0, 0];
  const work = async () => {
    now += times[run % times.length] as number;
    run += 1;
  };
  return { work, now: () => now, runs: () => run };
}

describe("the A/A noise", () => {
  it("is the spread between the tenth and the ninetieth percentile", () => {
    expect(noiseOf([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110])).toBeCloseTo(109 / 101 - 1);
    expect(noiseOf([7, 7, 7])).toBe(0);
  });

  it("does not count the runs that warm up", async () => {
    const { work, now, runs } = scripted([900, 900, ...new Array(20).fill(100)]);
    expect(await measureNoise(work, { repetitions: 20, now })).toBe(0);
    expect(runs()).toBe(22);
  });

  it("stops when told to, and knows nothing of fewer than two runs", async () => {
    const { work, now } = scripted([10]);
    expect(await measureNoise(work, { repetitions: 20, now, signal: AbortSignal.abort() })).toBeNull();
  });

  it("passes an error of the work through", async () => {
    const work = () => Promise.reject(new Error("engine lost"));
    await expect(measureNoise(work, { repetitions: 5 })).rejects.toThrow("engine lost");
  });
});
