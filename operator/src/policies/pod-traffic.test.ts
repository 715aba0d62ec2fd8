import { describe, expect, it } from "vitest";
import { snapshotOf, surgeRate } from "./pod-traffic.ts";
import { monday, podWith } from "./testing/observations.ts";

describe("the rate of a surge", () => {
  const steady = new Array<number>(12).fill(0);

  it("is at most what comes on average where the traffic is steady", () => {
    const pods = [podWith(steady, { total: 500 })];
    const mean = snapshotOf(pods, 1000 * monday).requestsPerSecond;
    expect(surgeRate(pods, monday)).toBeLessThan(mean);
    expect(surgeRate(pods, monday)).toBeGreaterThan(0.8 * mean);
  });

  it("is that of the last seconds, of all pods together", () => {
    const [before, more] = [podWith(steady, { total: 500 }), podWith([0], { total: 4500, name: "pod-1" })];
    const rate = surgeRate([before, more], monday);
    expect(rate).toBeGreaterThan(450);
    expect(snapshotOf([before, more], 1000 * monday).requestsPerSecond).toBeLessThan(150);
  });

  it("is none without requests, and hardly any where few came by chance", () => {
    expect(surgeRate([], monday)).toBe(0);
    expect(surgeRate([podWith(steady, { total: 0 })], monday)).toBe(0);
    expect(surgeRate([podWith([0], { total: 9 })], monday)).toBe(0);
  });
});
