import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tableOf } from "../testing/servers.ts";
import { CostModel } from "./cost-model.ts";

describe("the cost model", () => {
  it("returns the measured cells", () => {
    const model = CostModel.fromTable(tableOf((rows, length) => 500 + rows * length * 3));
    expect(model.batchMicroseconds(4, 32)).toBeCloseTo(500 + 4 * 32 * 3, 6);
    expect(model.batchMicroseconds(16, 256)).toBeCloseTo(500 + 16 * 256 * 3, 6);
  });

  it("interpolates between them and follows the law beyond them", () => {
    const law = (rows: number, length: number) => 700 + 50 * rows + 3 * rows * length + 0.02 * rows * length ** 2;
    const model = CostModel.fromTable(tableOf(law));
    for (const [rows, length] of [
      [3, 32],
      [12, 200],
      [32, 256],
      [1, 512],
      [24, 400],
    ] as const) {
      expect(model.batchMicroseconds(rows, length) / law(rows, length)).toBeGreaterThan(0.85);
      expect(model.batchMicroseconds(rows, length) / law(rows, length)).toBeLessThan(1.15);
    }
  });

  it("can say that past some size a bigger batch is slower per row", () => {
    const model = CostModel.fromTable(tableOf((rows) => (rows <= 4 ? 1000 + 100 * rows : 1400 + 600 * (rows - 4))));
    expect(model.batchMicroseconds(16, 32) / 16).toBeGreaterThan(model.batchMicroseconds(4, 32) / 4);
    expect(model.bestRowMicroseconds(32, 16, 1e9)).toBeCloseTo(350, 0);
  });

  it("never falls with more rows or a greater length, however noisy the cells", () => {
    const noisy = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(noisy, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 600 }), (noise, rows, length) => {
        let i = 0;
        const model = CostModel.fromTable(tableOf((b, l) => (300 + b * l * 2) * (noise[i++] as number)));
        const here = model.batchMicroseconds(rows, length);
        expect(here).toBeGreaterThan(0);
        expect(model.batchMicroseconds(rows + 1, length)).toBeGreaterThanOrEqual(here * (1 - 1e-9));
        expect(model.batchMicroseconds(rows, length + 1)).toBeGreaterThanOrEqual(here * (1 - 1e-9));
      }),
    );
  });

  it("adds the server's overhead once per batch and once per request", () => {
    const table = tableOf(() => 1000);
    const model = CostModel.fromTable({ ...table, overhead: { perBatchMicroseconds: 70, perRequestMicroseconds: 9 } });
    expect(model.servingMicroseconds(4, 3, 32)).toBeCloseTo(1000 + 70 + 27, 6);
  });

  it("works from a single cell", () => {
    const table = tableOf(() => 1000);
    const model = CostModel.fromTable({ ...table, cells: [{ rows: 1, length: 1, microseconds: 900, samples: 3 }] });
    expect(model.batchMicroseconds(1, 1)).toBeCloseTo(900, 6);
    expect(model.batchMicroseconds(8, 1)).toBeGreaterThanOrEqual(900);
  });
});
