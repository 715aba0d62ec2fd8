import { describe, expect, it } from "vitest";
import { seededRandom } from "../statistics/random.ts";
import { StallTimeline, stallTimeline } from "./stall-timeline.ts";

const often = { perSecond: 10, microseconds: [5000] };

describe("the interruptions of an engine", () => {
  it("take their share of the time of one that is always busy", () => {
    const timeline = new StallTimeline(often, seededRandom(1));
    let now = 0;
    for (let i = 0; i < 20_000; i += 1) now = timeline.delayed(now, now + 3000);
    // After each 100 ms of work on average come 5 ms of waiting.
    expect(now / (20_000 * 3000)).toBeGreaterThan(1.045);
    expect(now / (20_000 * 3000)).toBeLessThan(1.055);
  });

  it("count only with what is left of them when work begins in the midst of one, and not at all once over", () => {
    const timeline = new StallTimeline({ perSecond: 10, microseconds: [50_000] }, seededRandom(1));
    const delays: number[] = [];
    for (let now = 0, i = 0; i < 2000; i += 1) {
      const end = timeline.delayed(now, now + 1);
      delays.push(end - now - 1);
      now = Math.max(end, now + 100_000);
    }
    const met = delays.filter((delay) => delay > 0);
    expect(Math.max(...met)).toBeLessThanOrEqual(50_000);
    expect(Math.min(...met)).toBeLessThan(5000);
    // A third of the time is stalled: so much of the work meets one.
    expect(met.length / delays.length).toBeGreaterThan(0.25);
    expect(met.length / delays.length).toBeLessThan(0.4);
  });

  it("cost no time to simulate while nothing is to do, and are as frequent after that as ever", () => {
    const timeline = new StallTimeline({ perSecond: 100, microseconds: [2500] }, seededRandom(1));
    let met = 0;
    // Ten years: a draw for each interruption would take longer than the test may.
    for (let i = 0; i < 4000; i += 1) if (timeline.delayed(i * 8e10, i * 8e10 + 1) > i * 8e10 + 1) met += 1;
    expect(met / 4000).toBeGreaterThan(0.15);
    expect(met / 4000).toBeLessThan(0.25);
  });

  it("are none on a machine that was never seen to stall", () => {
    expect(stallTimeline(undefined, seededRandom(1))).toBeNull();
    expect(stallTimeline({ perSecond: 0, microseconds: [1] }, seededRandom(1))).toBeNull();
  });
});
