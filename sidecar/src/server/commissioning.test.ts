import type { CostCell } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { commission, shapesToTime } from "./commissioning.ts";

const cell = (rows: number, length: number, milliseconds: number): CostCell => ({
  rows,
  length,
  microseconds: milliseconds * 1000,
  samples: 9,
});
const cells = [cell(1, 16, 2), cell(4, 16, 4), cell(8, 16, 7), cell(1, 128, 12), cell(8, 128, 90), cell(16, 128, 200)];

/** A machine that takes `factor` times as long as the table says, and another time for each run. */
function machine(factor: number, engines = 2) {
  let now = 0;
  let runs = 0;
  const runAll = async ({ microseconds }: CostCell) => {
    now += microseconds * factor;
    return Array.from({ length: engines }, () => {
      runs += 1;
      return { outputs: [], microseconds: microseconds * factor * (runs % 5 === 0 ? 3 : 1) };
    });
  };
  return { runAll, now: () => now, ran: () => runs };
}

describe("the shapes that are timed before readiness", () => {
  it("are the quickest, the middle and the slowest that the plan may run and that are over soon", () => {
    const names = (maximumRows: number) =>
      shapesToTime({ cells }, maximumRows).map(({ rows, length }) => `${rows} x ${length}`);
    expect(names(16)).toEqual(["1 x 16", "8 x 16", "8 x 128"]);
    expect(names(1)).toEqual(["1 x 16", "1 x 128"]);
    expect(shapesToTime({ cells: [cell(1, 512, 5000)] }, 8)).toEqual([]);
  });
});

describe("commissioning", () => {
  it("gives the ratio to the table, whatever single runs are slow, and what it is made of", async () => {
    const { runAll, now } = machine(1.5);
    const found = await commission({ cells: cells.slice(0, 3), runAll, now });
    expect(found?.ratio).toBeCloseTo(1.5, 5);
    expect(found?.shapes).toEqual(
      [cell(1, 16, 2), cell(4, 16, 4), cell(8, 16, 7)].map(({ rows, length, microseconds }) => ({
        rows,
        length,
        expectedMicroseconds: microseconds,
        observedMicroseconds: 1.5 * microseconds,
        runs: 14,
      })),
    );
  });

  it("ends in time on a machine that is far slower than the table says", async () => {
    const slow = machine(40);
    const found = await commission({ cells: shapesToTime({ cells }, 8), runAll: slow.runAll, now: slow.now });
    expect(found?.ratio).toBeGreaterThan(30);
    expect(slow.now()).toBeLessThan(5e6);
    expect(slow.ran()).toBeLessThan(10);
  });

  it("has nothing to say where no batch is answered", async () => {
    expect(await commission({ cells, runAll: async () => [], now: () => 0 })).toBeNull();
    expect(await commission({ cells: [], ...machine(1) })).toBeNull();
  });
});
