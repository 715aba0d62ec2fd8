import { describe, expect, it } from "vitest";
import { planRace } from "./race-plan.ts";

const times = { start: 3, calibrate: 2, climb: 5 };

describe("what a race does", () => {
  it("is everything where there is time for it", () => {
    expect(planRace({ ...times, left: 60 })).toEqual({ pinningTrial: true, rival: true });
  });

  it("leaves out the rival first, then the trial of pinning", () => {
    expect(planRace({ ...times, left: 20 })).toEqual({ pinningTrial: true, rival: false });
    expect(planRace({ ...times, left: 18 })).toEqual({ pinningTrial: false, rival: false });
    expect(planRace({ ...times, left: 0 })).toEqual({ pinningTrial: false, rival: false });
  });

  it("never does less with more time", () => {
    const done = Array.from({ length: 60 }, (_, left) => planRace({ ...times, left }));
    const counts = done.map(({ pinningTrial, rival }) => Number(pinningTrial) + Number(rival));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});
