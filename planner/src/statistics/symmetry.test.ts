import { describe, expect, it } from "vitest";
import { normal, seededRandom } from "./random.ts";
import { symmetryEvidence } from "./symmetry.ts";

/** Differences of any size, with trends and bursts, whose signs a coin chose. */
function symmetric(count: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const size = Math.abs(normal(random)) ** 3 * (1 + i / 10) * (i % 7 === 0 ? 20 : 1);
    return random() < 0.5 ? size : -size;
  });
}

const everReaches = (differences: readonly number[], log: number, side: "logLarger" | "logSmaller"): boolean =>
  differences.some((_, i) => symmetryEvidence(differences.slice(0, i + 1))[side] >= log);

describe("the test of symmetry", () => {
  it("is wrong at most as often as promised, however often it is asked and however wild the sizes", () => {
    const trials = 200;
    const wrong = (side: "logLarger" | "logSmaller") =>
      Array.from({ length: trials }, (_, seed) => everReaches(symmetric(30, seed), Math.log(20), side)).filter(Boolean);
    // Three standard deviations above 5 % of 200.
    expect(wrong("logLarger").length).toBeLessThanOrEqual(10 + 3 * 3.1);
    expect(wrong("logSmaller").length).toBeLessThanOrEqual(10 + 3 * 3.1);
  });

  it("finds a shift of half the scatter, and which way it goes", () => {
    const random = seededRandom(3);
    const shifted = Array.from({ length: 200 }, () => 0.5 + normal(random));
    expect(symmetryEvidence(shifted).logLarger).toBeGreaterThan(Math.log(100));
    expect(symmetryEvidence(shifted).logSmaller).toBeLessThan(0);
  });

  it("never doubles its evidence with one difference, so that no single burst decides", () => {
    expect(symmetryEvidence([1e9]).logLarger).toBeLessThanOrEqual(Math.LN2);
    expect(symmetryEvidence([1, 1, 1, 1]).logLarger).toBeLessThan(Math.log(20));
    expect(symmetryEvidence([1, 1, 1, 1, 1, 1]).logLarger).toBeGreaterThan(symmetryEvidence([1, 1, 1]).logLarger);
  });

  it("does not know units, and learns nothing from no difference", () => {
    const differences = symmetric(20, 9);
    const scaled = symmetryEvidence(differences.map((difference) => difference * 1e-9));
    expect(scaled.logLarger).toBeCloseTo(symmetryEvidence(differences).logLarger, 9);
    expect(symmetryEvidence([])).toEqual({ logLarger: 0, logSmaller: 0 });
    expect(symmetryEvidence([0, 0, 0])).toEqual({ logLarger: 0, logSmaller: 0 });
  });
});
