import { apiVersion, type CostTable } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { heldOutError } from "./held-out.ts";

const tableOf = (law: (rows: number, length: number) => number, lengths: number[]): CostTable => ({
  apiVersion,
  kind: "CostTable",
  cells: [1, 2, 4].flatMap((rows) =>
    lengths.map((length) => ({ rows, length, microseconds: law(rows, length), samples: 5 })),
  ),
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
});

describe("the held-out error", () => {
  it("is nil for a law that the model can express", () => {
    expect(heldOutError(tableOf((rows, length) => 100 + rows * length, [8, 16, 32, 64]))).toBeLessThan(0.01);
  });

  it("grows with structure that the measured shapes do not show", () => {
    const jagged = tableOf((rows, length) => (length === 16 ? 3000 : 100) + rows * length, [8, 16, 32, 64]);
    expect(heldOutError(jagged)).toBeGreaterThan(0.2);
  });

  it("says nothing without shapes between others", () => {
    expect(heldOutError(tableOf((rows) => 100 * rows, [8]))).toBeNull();
  });
});
