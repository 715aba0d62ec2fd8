import { normal, seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { simulateTrials } from "./simulation/trials.ts";
import { judgeSwitchback, longestTrialSeconds } from "./switchback.ts";

const design = { seed: 1, blockSeconds: 12, washOutSeconds: 2, mostPairs: 60, alpha: 0.05 };

describe("the length of a switchback", () => {
  it("is known beforehand", () => {
    expect(longestTrialSeconds(design, 1)).toBe(60 * 24);
    expect(longestTrialSeconds(design, 4)).toBe(15 * 24);
  });
});

describe("the verdict of a trial", () => {
  it("is wrong about equal plans at most as often as promised, whatever the machine does meanwhile", () => {
    const trials = 300;
    let [promoted, worse] = [0, 0];
    for (let seed = 0; seed < trials; seed += 1) {
      const random = seededRandom(seed);
      // Bursts of three times the latency, and a tide.
      const machine = (i: number) =>
        (1 + Math.sin(i / 9)) * (random() < 0.1 ? 3 : 1) * Math.exp(0.3 * normal(random)) + 1;
      const verdict = decided(() => {
        const [first, second] = [machine(0), machine(1)];
        return random() < 0.5 ? { incumbent: first, candidate: second } : { incumbent: second, candidate: first };
      });
      if (verdict.kind === "Promote") promoted += 1;
      if (verdict.reason === "Worse") worse += 1;
    }
    // Three standard deviations above 5 % of 300.
    expect(promoted).toBeLessThanOrEqual(15 + 11.3);
    expect(worse).toBeLessThanOrEqual(15 + 11.3);
  });

  it("takes back a plan of 1.5 times the time and promotes one of 1.2 times the speed, on a simulated queue", () => {
    const slow = simulateTrials({ factor: 1.5, trials: 12, requestsPerSecond: 50, seed: 1 }, design);
    expect(slow.filter(({ reason }) => reason === "Worse").length).toBeGreaterThanOrEqual(11);
    const fast = simulateTrials({ factor: 1 / 1.2, trials: 12, requestsPerSecond: 50, seed: 2 }, design);
    expect(fast.filter(({ kind }) => kind === "Promote").length).toBeGreaterThanOrEqual(11);
    for (const { pairs } of slow) expect(pairs).toBeGreaterThanOrEqual(5);
  }, 120_000);

  it("ends in time, with the incumbent, and says on the way how long it may take", () => {
    const same = new Array(60).fill({ incumbent: 10, candidate: 10 });
    expect(judgeSwitchback(same, design)).toEqual({ kind: "RollBack", reason: "NotShownBetter" });
    expect(judgeSwitchback([], design)).toEqual({ kind: "Continue", pairsLeft: 5 });
    const worse = [1.5, 1.4, 1.6].map((candidate) => ({ incumbent: 1, candidate }));
    const verdict = judgeSwitchback(worse, design);
    expect(verdict.kind).toBe("Continue");
    expect((verdict as { pairsLeft: number }).pairsLeft).toBeLessThan(20);
  });

  function decided(next: () => { incumbent: number; candidate: number }) {
    const pairs: { incumbent: number; candidate: number }[] = [];
    for (;;) {
      pairs.push(next());
      const verdict = judgeSwitchback(pairs, design);
      if (verdict.kind !== "Continue") return verdict;
    }
  }
});
