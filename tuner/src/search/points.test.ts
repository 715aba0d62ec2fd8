import { type CostTable, type MeasuredTable, Name } from "@sweetspot/crds";
import { policiesFor } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { nameOf, pointsFor, summaryOf } from "./points.ts";

const table: CostTable = {
  apiVersion: "sweetspot.dev/v1alpha1",
  kind: "CostTable",
  cells: [{ rows: 1, length: 1, microseconds: 1000, samples: 5 }],
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
};
const layout = { instances: 2, threadsPerInstance: 1, pinned: true, spinning: false };
const measured: MeasuredTable = { variant: "INT8Dynamic", layout, table, heldOutError: null };
const pointsAt = (latencyMilliseconds: number) =>
  pointsFor([measured], policiesFor({ percentile: "P99", latencyMilliseconds }, true));

describe("the points of the search", () => {
  it("have names and words that tell them apart at every target", () => {
    for (const target of [1, 2, 3, 6, 7, 10, 17, 33, 34, 50, 1000, 600_000]) {
      const points = pointsAt(target);
      const names = points.map(nameOf);
      expect(new Set(names).size).toBe(points.length);
      expect(new Set(points.map(summaryOf)).size).toBe(points.length);
      for (const name of names) expect(Name.safeParse(name).success).toBe(true);
    }
  });

  it("give short caps in full and long ones rounded", () => {
    const names = [...pointsAt(1), ...pointsAt(50)].map(nameOf);
    expect(names).toEqual(expect.arrayContaining(["int8dynamic-2x1-b2-150us-f1", "int8dynamic-2x1-b8-15ms-f2"]));
  });
});
