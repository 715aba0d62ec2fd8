import { apiVersion, type CostTable } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { normal, seededRandom } from "../statistics/random.ts";
import { CostModel } from "./cost-model.ts";
import { CostEvidence, refitTable } from "./refit.ts";

const law = (rows: number, length: number) => 300 + 40 * rows + 18 * rows * length;
const table: CostTable = {
  apiVersion,
  kind: "CostTable",
  cells: [1, 4, 16].flatMap((rows) =>
    [8, 32, 128].map((length) => ({ rows, length, microseconds: law(rows, length), samples: 5 })),
  ),
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 50, perRequestMicroseconds: 5 },
};

const model = CostModel.fromTable(table);

interface Traffic {
  readonly seconds: number;
  readonly batchesPerSecond: number;
  /** Observed over expected time of a batch. */
  readonly factor: (rows: number, length: number, second: number) => number;
  readonly rows?: readonly number[];
  readonly noise?: number;
}

function seen(
  { seconds, batchesPerSecond, factor, rows = [1, 2, 4, 8, 16], noise = 0.1 }: Traffic,
  evidence = new CostEvidence(table),
  start = 0,
): CostEvidence {
  const random = seededRandom(1);
  for (let i = 0; i < seconds * batchesPerSecond; i += 1) {
    const second = start + i / batchesPerSecond;
    const b = rows[Math.floor(random() * rows.length)] as number;
    const length = 4 + Math.floor(random() * 150);
    // Now and then something else has the CPU.
    const burst = random() < 0.02 ? 8 : 1;
    const expected = model.batchMicroseconds(b, length);
    evidence.observe(
      b,
      length,
      expected * factor(b, length, second) * burst * Math.exp(noise * normal(random)),
      second,
    );
  }
  return evidence;
}

/** Mean distance of the refitted table from the truth, over all cells, in logarithms. */
function error(evidence: CostEvidence, factor: (rows: number, length: number) => number): number {
  const { cells } = refitTable(table, evidence.factors());
  const errors = cells.map(({ rows, length, microseconds }) =>
    Math.abs(Math.log(microseconds / (law(rows, length) * factor(rows, length)))),
  );
  return errors.reduce((sum, one) => sum + one, 0) / errors.length;
}

describe("the refit of a cost table", () => {
  it("leaves a table that is right as it is", () => {
    const steady = seen({ seconds: 300, batchesPerSecond: 50, factor: () => 1 });
    expect(error(steady, () => 1)).toBeLessThan(0.04);
    expect(refitTable(table, new CostEvidence(table).factors())).toEqual(table);
  });

  it.each([0.5, 1.3, 2, 3])("follows a machine that is %s times as slow within a minute, and back", (slower) => {
    const evidence = seen({ seconds: 60, batchesPerSecond: 30, factor: () => 1 });
    seen({ seconds: 60, batchesPerSecond: 30, factor: () => slower }, evidence, 60);
    expect(error(evidence, () => slower)).toBeLessThan(0.25 * Math.abs(Math.log(slower)) + 0.02);
    expect(evidence.factor / slower).toBeCloseTo(1, 0);
    seen({ seconds: 60, batchesPerSecond: 30, factor: () => 1 }, evidence, 120);
    expect(error(evidence, () => 1)).toBeLessThan(0.25 * Math.abs(Math.log(slower)) + 0.02);
  });

  it("moves cells that are never seen with the others", () => {
    const evidence = seen({ seconds: 60, batchesPerSecond: 30, factor: () => 2, rows: [1, 2] });
    expect(error(evidence, () => 2)).toBeLessThan(0.2);
  });

  it("tells the cells apart where they differ", () => {
    const factor = (rows: number) => (rows >= 8 ? 1.8 : 1);
    const evidence = seen({ seconds: 240, batchesPerSecond: 50, factor });
    expect(error(evidence, factor)).toBeLessThan(0.12);
    expect(error(new CostEvidence(table), factor)).toBeGreaterThan(0.18);
  });

  it("believes little of a few batches, and nothing of a single wild one", () => {
    const few = seen({ seconds: 1, batchesPerSecond: 3, factor: () => 2 });
    expect(few.factor).toBeLessThan(1.5);
    const evidence = seen({ seconds: 60, batchesPerSecond: 30, factor: () => 1 });
    const before = evidence.factor;
    evidence.observe(4, 32, 1e9, 61);
    expect(evidence.factor / before).toBeLessThan(1.05);
  });

  it("keeps what it knows while there is no traffic", () => {
    const evidence = seen({ seconds: 60, batchesPerSecond: 30, factor: () => 2 });
    const before = evidence.factor;
    seen({ seconds: 1, batchesPerSecond: 1, factor: () => 2 }, evidence, 3600);
    expect(evidence.factor / before).toBeCloseTo(1, 1);
    expect(evidence.batches).toBe(60 * 30 + 1);
  });
});
