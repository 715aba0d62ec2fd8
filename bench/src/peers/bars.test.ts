import { describe, expect, it } from "vitest";
import { barsOf } from "./bars.ts";
import type { Measured } from "./results.ts";

const round = (figures: Record<string, number>, isVoid = false) => ({
  round: 0,
  before: 100,
  after: 100,
  void: isVoid,
  figures,
});
const measuredAt = "2026-01-01T00:00:00.000Z";
const saturation = (...rounds: ReturnType<typeof round>[]) => ({ measuredAt, raw: {}, rounds });
const capacity = (...rounds: ReturnType<typeof round>[]) => ({
  measuredAt,
  targetMilliseconds: 100,
  simulated: 300,
  predicted: 280,
  policy: {},
  yardstickThen: 50,
  rounds,
});

const results = (parts: Partial<Measured>): Measured => ({
  saturation: {},
  capacity: {},
  ...parts,
});

describe("the bars of the peers", () => {
  it("have no figure where nothing was measured, nor where every round was void", () => {
    expect(barsOf(results({}), 2).map(({ ratio }) => ratio)).toEqual([null, null, null]);
    const part = saturation(round({ own: 90 }, true));
    expect(barsOf(results({ saturation: { "64-json own": part } }), 1)[0]?.ratio).toBeNull();
  });

  it("compare with the peer of the same rounds", () => {
    const part = saturation(round({ own: 90, mosec: 75 }), round({ own: 1, mosec: 100 }, true));
    expect(barsOf(results({ saturation: { "16-json mosec": part } }), 3)[0]?.ratio?.median).toBeCloseTo(1.2);
  });

  it("ask for a gain over no batching only where the optimum has one", () => {
    const mixed = (optimum: number) =>
      barsOf(
        results({ saturation: { "mixed own": saturation(round({ own: 90, single: 80, "raw-optimum": optimum })) } }),
        4,
      ).map(({ measure }) => measure);
    expect(mixed(120)).toContain("mixed lengths / own batch 1");
    expect(mixed(84)).not.toContain("mixed lengths / own batch 1");
  });

  it("take the best peer for the capacity, and the simulation at the speed that the machine had", () => {
    const part = {
      own: capacity(round({ own: 300, single: 200 })),
      mosec: capacity(round({ own: 300, mosec: 150 })),
      triton: capacity(round({ own: 300, triton: 250 })),
    };
    const [best, single, simulated] = barsOf(results({ capacity: part }), 5);
    expect(best?.measure).toContain("triton");
    expect(best?.ratio?.median).toBeCloseTo(1.2);
    expect(single?.ratio?.median).toBeCloseTo(1.5);
    expect(simulated?.ratio?.median).toBeCloseTo(0.5);
  });
});
