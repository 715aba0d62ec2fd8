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

  it("says nothing from a single pair", () => {
    expect(pairedRatio([[2, 1]])).toBeNull();
  });
});
