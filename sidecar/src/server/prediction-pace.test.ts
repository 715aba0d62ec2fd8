import { normal, seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { PredictionPace } from "./prediction-pace.ts";

/** Shares of answers within the prediction, after some to learn from, where the truth is a multiple of what is predicted. */
function kept(multiple: number, deviation: number): number {
  const pace = new PredictionPace();
  const random = seededRandom(7);
  let within = 0;
  for (let i = 0; i < 5000; i += 1) {
    const actual = 100_000 * multiple * Math.exp(deviation * normal(random));
    if (i >= 1000 && actual <= 100_000 * pace.factor) within += 1;
    pace.observe(100_000, actual);
  }
  return within / 4000;
}

describe("the pace of a server against its predictions", () => {
  it("is theirs at first", () => {
    expect(new PredictionPace().factor).toBe(1);
  });

  it.each([0.7, 1, 1.3, 3])(
    "is found where requests take %f times as long as predicted, give or take a fifth",
    (multiple) => {
      expect(kept(multiple, 0.2)).toBeGreaterThan(0.92);
      expect(kept(multiple, 0.2)).toBeLessThan(0.98);
    },
  );

  it("is forgotten when it no longer holds", () => {
    const pace = new PredictionPace();
    for (let i = 0; i < 200; i += 1) pace.observe(1000, 4000);
    expect(pace.factor).toBeGreaterThan(3.5);
    for (let i = 0; i < 1000; i += 1) pace.observe(1000, 1000);
    expect(pace.factor).toBeLessThan(1.2);
  });

  it("goes no further than what was seen, however many say the same", () => {
    const pace = new PredictionPace();
    for (let i = 0; i < 100; i += 1) pace.observe(1000, 1200);
    expect(pace.factor).toBeLessThanOrEqual(1.2001);
    expect(pace.factor).toBeGreaterThan(1.19);
  });

  it("stays within bounds, so that no spell closes a server", () => {
    const pace = new PredictionPace();
    for (let i = 0; i < 1000; i += 1) pace.observe(1, 1e9);
    expect(pace.factor).toBeCloseTo(8);
  });
});
