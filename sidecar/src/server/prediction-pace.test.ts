import { normal, seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { PredictionPace } from "./prediction-pace.ts";

const second = 1e6;

/** An overloaded server: so many answers per second come near their limit. */
const overload = 300;

/** Observes the same answer again and again, so many per second, and gives the instant of the last. */
function observe(pace: PredictionPace, actual: number, count: number, from = 0): number {
  for (let i = 1; i <= count; i += 1) pace.observe(1000, actual, from + (i * second) / overload);
  return from + (count * second) / overload;
}

/** Shares of answers within the prediction, after some to learn from, where the truth is a multiple of what is predicted. */
function kept(multiple: number, deviation: number): number {
  const pace = new PredictionPace();
  const random = seededRandom(7);
  let within = 0;
  for (let i = 0; i < 5000; i += 1) {
    const now = (i * second) / overload;
    const actual = 100_000 * multiple * Math.exp(deviation * normal(random));
    if (i >= 1000 && actual <= 100_000 * pace.factor(now)) within += 1;
    pace.observe(100_000, actual, now);
  }
  return within / 4000;
}

describe("the pace of a server against its predictions", () => {
  it("is theirs at first", () => {
    expect(new PredictionPace().factor(second)).toBe(1);
  });

  it.each([0.7, 1, 1.3, 3])(
    "is found under overload where requests take %f times as long as predicted, give or take a fifth",
    (multiple) => {
      expect(kept(multiple, 0.2)).toBeGreaterThan(0.88);
      expect(kept(multiple, 0.2)).toBeLessThan(0.98);
    },
  );

  it("is forgotten when answers say otherwise", () => {
    const pace = new PredictionPace();
    const slow = observe(pace, 4000, 200);
    expect(pace.factor(slow)).toBeGreaterThan(3.5);
    const usual = observe(pace, 1000, 600, slow);
    expect(pace.factor(usual)).toBeLessThan(1.2);
  });

  it("is forgotten with time, so that one slow moment does not close a server that answers few requests", () => {
    const pace = new PredictionPace();
    const slow = observe(pace, 4000, 20);
    expect(pace.factor(slow)).toBeGreaterThan(3);
    expect(pace.factor(slow + 5 * second)).toBeLessThan(1.15);
  });

  it("goes no further than what was seen, however many say the same", () => {
    const pace = new PredictionPace();
    const now = observe(pace, 1200, 100);
    expect(pace.factor(now)).toBeLessThanOrEqual(1.2001);
    expect(pace.factor(now)).toBeGreaterThan(1.19);
  });

  it("stays within bounds, so that no spell closes a server", () => {
    const pace = new PredictionPace();
    const now = observe(pace, 1e12, 1000);
    expect(pace.factor(now)).toBeCloseTo(8);
  });
});
