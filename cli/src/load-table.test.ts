import { apiVersion, type LoadReport, type LoadStage } from "@sweetspot/crds";
import * as tuner from "@sweetspot/tuner";
import { describe, expect, it } from "vitest";
import { loadTable } from "./load-table.ts";

const stage = (counts: Partial<LoadStage["counts"]>, sendDelayMilliseconds = 1): LoadStage => ({
  offeredRequestsPerSecond: 100,
  seconds: 10,
  counts: { total: 1000, late: 0, refused: 0, expired: 0, failed: 0, excluded: 0, ...counts },
  latencyMilliseconds: { p50: 5, p90: 8, p95: 9, p99: 12.34, p999: null, maximum: 20 },
  goodRequestsPerSecond: 99,
  answeredRequestsPerSecond: 100,
  sendDelayMilliseconds,
});

const report = (only: LoadStage): LoadReport => ({
  apiVersion,
  kind: "LoadReport",
  target: { percentile: "P99", latencyMilliseconds: 50 },
  arrivals: "Poisson",
  stages: [only],
  generatorCpuSeconds: 1,
  requestsInMix: 10,
});

describe("loadTable", () => {
  it("counts late, refused, expired and failed requests as misses", () => {
    expect(loadTable(report(stage({ late: 4, refused: 3, expired: 2, failed: 1 })), tuner)).toContain(
      "p99 <= 50 ms kept: 1 % of the requests missed it, 1 % may.",
    );
    expect(loadTable(report(stage({ late: 4, refused: 3, expired: 2, failed: 2 })), tuner)).toContain("missed: 1.1 %");
  });

  it("does not call a run without countable requests a success", () => {
    const text = loadTable(report(stage({ total: 0, excluded: 7 })), tuner);
    expect(text).toContain("No request counts: 7 were client errors");
    expect(text).not.toContain("kept");
  });

  it("warns when the generator was late itself", () => {
    expect(loadTable(report(stage({})), tuner)).not.toContain("too busy");
    expect(loadTable(report(stage({}, 30)), tuner)).toContain("too busy");
  });
});
