import { describe, expect, it } from "vitest";
import { servicesAtTheEdge, simulateQuietDays, simulateSlowdown } from "./scenarios.ts";

import { nearCapacity, steadyMisses } from "./ten-minutes.ts";
import { simulateTroubledWeeks } from "./troubles.ts";

const [service] = servicesAtTheEdge();
if (service === undefined) throw new Error("there are services");

describe("the control loop on virtual time", () => {
  it("leaves a service alone that just keeps its promise at the peak of the day", () => {
    const day = simulateQuietDays(service, 0.5, 7);
    expect(day.requests).toBeGreaterThan(43_200 * 10);
    expect(day.bad).toBeGreaterThan(500);
    expect(day).toMatchObject({ triggers: 0, actions: 0 });
  }, 120_000);

  it("finds engines of half the speed within five minutes, at any time of the day", () => {
    const found = Array.from({ length: 10 }, (_, i) => simulateSlowdown(service, 2, 100 + 2 * i));
    for (const { named, acted } of found) {
      expect(named).toBeLessThanOrEqual(300);
      expect(acted).toBeLessThanOrEqual(300);
    }
  }, 120_000);

  it("finds them by the misses alone where pods have no table", () => {
    const found = Array.from({ length: 5 }, (_, i) => simulateSlowdown(service, 2, 200 + 2 * i, false));
    for (const { breached, share } of found) if (share > 0.05) expect(breached).toBeLessThanOrEqual(600);
    expect(found.some(({ share }) => share > 0.05)).toBe(true);
  }, 120_000);

  it("does nothing near capacity, and nothing for a request a minute", () => {
    for (const { breached, retunings } of nearCapacity(5, 20, 1)) {
      expect([breached, retunings]).toEqual([Number.POSITIVE_INFINITY, 0]);
    }
    const rare = { percentile: "P99", requestsPerSecond: 1 / 60, rate: 0.5, seconds: 7200 } as const;
    for (const { retunings } of steadyMisses(3, rare, 2)) expect(retunings).toBe(0);
  }, 120_000);

  it("keeps its budget in a week in which everything goes wrong", () => {
    const { replans, benchmarks, rollbacks } = simulateTroubledWeeks(1, 3);
    expect(replans).toBe(12);
    expect(benchmarks).toBeLessThanOrEqual(2);
    expect(rollbacks).toBeGreaterThan(0);
  });
});
