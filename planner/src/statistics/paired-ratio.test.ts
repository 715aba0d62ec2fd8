import { describe, expect, it } from "vitest";
import { pairedRatio } from "./paired-ratio.ts";

describe("the ratio of paired rounds", () => {
  it("cancels a disturbance that hits both members of a pair", () => {
    const ratio = pairedRatio([100, 40, 180].map((machine) => [2 * machine, machine] as const));
    expect(ratio?.estimate).toBeCloseTo(2, 9);
    expect(ratio?.high).toBeCloseTo(2, 6);
  });

  it("widens with scatter and includes one for identical systems", () => {
    const ratio = pairedRatio([
      [100, 110],
      [105, 95],
      [98, 100],
    ]);
    expect(ratio?.low).toBeLessThan(1);
    expect(ratio?.high).toBeGreaterThan(1);
  });

  it("widens with the confidence that is asked for", () => {
    const pairs = [
      [100, 90],
      [105, 95],
      [98, 96],
    ] as const;
    const [usual, strict] = [pairedRatio(pairs), pairedRatio(pairs, 0.975)];
    expect(strict?.estimate).toBe(usual?.estimate);
    expect(strict?.low).toBeLessThan(usual?.low as number);
    expect(strict?.high).toBeGreaterThan(usual?.high as number);
  });

  it("is moderated by the usual spread: less sure of two that agree by luck, and surer of two that differ by luck", () => {
    const spread = { deviation: 0.2, degrees: 4 };
    const alike = [
      [120, 100],
      [121, 101],
    ] as const;
    const apart = [
      [500, 100],
      [700, 100],
    ] as const;
    const low = (...[pairs, usual]: [typeof alike | typeof apart, typeof spread?]) =>
      pairedRatio(pairs, 0.975, usual)?.low as number;
    expect(low(alike, spread)).toBeLessThan(low(alike));
    expect(low(apart)).toBeLessThan(1);
    expect(low(apart, spread)).toBeGreaterThan(3);
    expect(pairedRatio(apart, 0.975, spread)?.estimate).toBe(pairedRatio(apart, 0.975)?.estimate);
  });

  it("says nothing from a single pair", () => {
    expect(pairedRatio([[2, 1]])).toBeNull();
  });
});
