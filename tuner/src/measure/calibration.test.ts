import { apiVersion, type CostTable } from "@sweetspot/crds";
import { planPoint, withoutBatching } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { calibratedTable, waitAlone } from "./calibration.ts";

const table: CostTable = {
  apiVersion,
  kind: "CostTable",
  cells: [{ rows: 1, length: 32, microseconds: 5000, samples: 5 }],
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 300, perRequestMicroseconds: 200 },
};
const layout = { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false } as const;
const point = planPoint({ variant: "Source", layout, table }, withoutBatching);
const shapes = [{ rows: 1, length: 32, group: "" }];
const seen = (aloneMilliseconds: number | undefined) => ({
  clients: 4,
  requestsPerSecond: 100,
  aloneMilliseconds,
  shared: { cpus: 2, microsecondsPerRequest: 900 },
});

describe("what a lone request waits beside engine and hand-over", () => {
  it("is its latency less what the calibrated table says of it", () => {
    // Twice 5 ms, and half a millisecond of hand-over.
    expect(waitAlone(point, 2, seen(14), shapes, 1)).toBeCloseTo(3500);
  });

  it("is nothing where it was answered sooner than the table says, and unknown where nobody measured it", () => {
    expect(waitAlone(point, 2, seen(9), shapes, 1)).toBe(0);
    expect(waitAlone(point, 2, seen(undefined), shapes, 1)).toBeUndefined();
  });

  it("goes into the table, which without it says nothing of it", () => {
    expect(calibratedTable(table, 1, undefined, 3500).overhead.waitMicroseconds).toBe(3500);
    expect(calibratedTable(table, 1, undefined).overhead).toEqual(table.overhead);
  });
});
