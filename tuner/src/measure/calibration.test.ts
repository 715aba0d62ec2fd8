import { apiVersion, type CostTable } from "@sweetspot/crds";
import { planPoint, withoutBatching } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { type CalibrationSettings, calibratedTable, closedLoop, waitAlone } from "./calibration.ts";

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

describe("a server that answers badly", () => {
  it("is told of in words, with what often is the cause", async () => {
    const counts = { total: 12, late: 2, refused: 0, expired: 0, failed: 7, excluded: 1 };
    const load = { run: async () => ({ stages: [{ counts, answeredRequestsPerSecond: 2 }] }) };
    const settings = { server: {}, load, clients: 1, seconds: 1, seed: 1 } as unknown as CalibrationSettings;
    await expect(closedLoop(settings)).rejects.toThrow(/of 12 requests 8 failed and 2 were late\..*memory/);
  });
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
