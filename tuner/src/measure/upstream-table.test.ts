import type { CostCell } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import type { TableMeasurement } from "./measure-table.ts";
import { canBeTrusted } from "./upstream-table.ts";

const measured = (cells: number, contaminatedCells: number): TableMeasurement => ({
  contaminatedCells,
  timings: [],
  table: {
    apiVersion: "sweetspot.dev/v1alpha1",
    kind: "CostTable",
    cells: Array.from({ length: cells }, (_, i): CostCell => ({ rows: 1, length: i + 1, microseconds: 1, samples: 3 })),
    noiseFactors: [1],
    overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
  },
});

describe("the table of another server", () => {
  it("is thrown away where the machine was disturbed for most of it", () => {
    expect(canBeTrusted(measured(8, 0))).toBe(true);
    expect(canBeTrusted(measured(8, 4))).toBe(true);
    expect(canBeTrusted(measured(8, 5))).toBe(false);
    expect(canBeTrusted(measured(8, 8))).toBe(false);
  });
});
