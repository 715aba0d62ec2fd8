import { describe, expect, it } from "vitest";
import { seededRandom } from "../statistics/random.ts";
import { DriftTimeline, driftTimeline } from "./drift-timeline.ts";

const drift = { seconds: 1, factors: [0.8, 0.9, 1.1, 1.2] };

describe("the wandering speed of a machine", () => {
  it("draws all speeds equally often, each for its time and for whoever asks", () => {
    const timeline = new DriftTimeline(drift, seededRandom(1));
    const counts = new Map<number, number>();
    let changes = 0;
    for (let tenth = 0; tenth < 100_000; tenth += 1) {
      const factor = timeline.factorAt(tenth * 1e5);
      counts.set(factor, (counts.get(factor) ?? 0) + 1);
      if (tenth > 0 && factor !== timeline.factorAt((tenth - 1) * 1e5)) changes += 1;
    }
    expect([...counts.keys()].sort()).toEqual(drift.factors);
    for (const count of counts.values()) expect(count / 100_000).toBeCloseTo(0.25, 1);
    // Of 10,000 boundaries three in four lead to another of four speeds.
    expect(changes / 10_000).toBeCloseTo(0.75, 1);
  });

  it("gives the same speed for an instant in whatever order it is asked", () => {
    const forwards = new DriftTimeline(drift, seededRandom(2));
    const backwards = new DriftTimeline(drift, seededRandom(2));
    const instants = Array.from({ length: 100 }, (_, i) => i * 3e5);
    const there = instants.map((instant) => forwards.factorAt(instant));
    const back = instants.toReversed().map((instant) => backwards.factorAt(instant));
    expect(back.toReversed()).toEqual(there);
  });

  it("is nothing where none was observed", () => {
    expect(driftTimeline(undefined, seededRandom(1))).toBeNull();
  });
});
