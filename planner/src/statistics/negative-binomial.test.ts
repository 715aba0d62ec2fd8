import { describe, expect, it } from "vitest";
import { negativeBinomialAtMost } from "./negative-binomial.ts";

describe("the negative binomial", () => {
  it("is the geometric distribution at size 1", () => {
    // Mean m and size 1: P(X <= k) = 1 - (m / (1 + m))^(k + 1).
    const mean = 4;
    for (const k of [0, 1, 7, 30]) {
      const expected = 1 - (mean / (1 + mean)) ** (k + 1);
      expect(negativeBinomialAtMost(k, mean, mean + mean ** 2)).toBeCloseTo(expected, 9);
    }
  });

  it("is Poisson's where the variance is the mean or less", () => {
    expect(negativeBinomialAtMost(2, 3, 3)).toBeCloseTo(Math.exp(-3) * (1 + 3 + 4.5), 9);
    expect(negativeBinomialAtMost(2, 3, 1)).toBeCloseTo(Math.exp(-3) * (1 + 3 + 4.5), 9);
  });

  it("keeps its figures where the probability of no event is too small for a number", () => {
    const [mean, variance] = [20_000, 60_000];
    expect(negativeBinomialAtMost(mean, mean, variance)).toBeCloseTo(0.5, 2);
    // Two standard deviations below the mean of a nearly normal distribution.
    const below = negativeBinomialAtMost(Math.round(mean - 2 * Math.sqrt(variance)), mean, variance);
    expect(below).toBeGreaterThan(0.02);
    expect(below).toBeLessThan(0.0235);
  });

  it("is certain of any count without a mean, and of none below zero", () => {
    expect(negativeBinomialAtMost(0, 0, 0)).toBe(1);
    expect(negativeBinomialAtMost(-1, 3, 9)).toBe(0);
  });
});
