import { ReportComparison, type TuningReport } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { compareReports, independentRatio } from "./compare.ts";
import { summarizeComparison } from "./compare-text.ts";
import { sampleReport } from "./testing/sample-report.ts";

const compare = (before: TuningReport, after: TuningReport) => ReportComparison.parse(compareReports(before, after));

/** The report of a machine on which everything runs so many times as fast. */
function faster(times: number, report = sampleReport()): TuningReport {
  return {
    ...report,
    candidates: report.candidates.map((candidate) => ({
      ...candidate,
      measured: candidate.measured && {
        estimate: times * candidate.measured.estimate,
        low: times * candidate.measured.low,
        high: times * candidate.measured.high,
      },
    })),
    tables: report.tables.map((measured) => ({
      ...measured,
      table: {
        ...measured.table,
        cells: measured.table.cells.map((cell) => ({ ...cell, microseconds: cell.microseconds / times })),
      },
    })),
  };
}

describe("the comparison of two reports", () => {
  it("finds nothing between a report and itself", () => {
    const same = compare(sampleReport(), sampleReport());
    expect([same.question, same.environment, same.winner.changed]).toEqual([[], [], false]);
    for (const { ratio, outcome } of [...same.capacity, ...same.tables]) {
      expect(outcome).toBe("NoDifference");
      expect(ratio.estimate).toBeCloseTo(1, 9);
    }
    expect(summarizeComparison(same)).toMatch(/winner is the same.*question is the same.*environment is the same/s);
  });

  it("says by how much every measured thing became faster", () => {
    const twice = compare(sampleReport(), faster(2));
    // The winner, and the three that both raced.
    expect(twice.capacity).toHaveLength(4);
    expect(twice.tables).toHaveLength(3);
    for (const { ratio, outcome } of [...twice.capacity, ...twice.tables]) {
      expect(outcome).toBe("Faster");
      expect(ratio.estimate).toBeCloseTo(2, 9);
    }
    for (const { outcome } of compare(faster(2), sampleReport()).tables) expect(outcome).toBe("Slower");
  });

  it("takes no less for a difference than what a machine may change unnoticed", () => {
    for (const { outcome } of compare(sampleReport(), faster(1.1)).tables) expect(outcome).toBe("NoDifference");
    const noisy = sampleReport({ environment: { ...sampleReport().environment, noiseFactor: 1.6 } });
    for (const { outcome } of compare(noisy, faster(1.5)).capacity) expect(outcome).toBe("NoDifference");
  });

  it("names what changed about question, machine, versions, winner and variants", () => {
    const before = sampleReport();
    const after = sampleReport({
      question: { ...before.question, budgetSeconds: 900 },
      environment: { ...before.environment, usableCpus: 4, versions: { node: "24.21.0", openvino: "2026.1" } },
      variants: before.variants.filter(({ variant }) => variant !== "INT8Static"),
      decision: { ...before.decision, summary: "Another plan" },
    });
    const { question, environment, winner, variants } = compare(before, after);
    expect(question).toEqual([{ what: "budget", before: "60 s", after: "900 s" }]);
    expect(environment).toEqual([
      { what: "usableCpus", before: "2", after: "4" },
      { what: "version of sweetspot", before: "0.1.0", after: "none" },
      { what: "version of onnxruntime", before: "1.30.0", after: "none" },
      { what: "version of openvino", before: "none", after: "2026.1" },
    ]);
    expect(winner).toEqual({ before: before.decision.summary, after: "Another plan", changed: true });
    expect(variants.find(({ variant }) => variant === "INT8Static")).toMatchObject({ after: null });
    const text = summarizeComparison(compare(before, after));
    expect(text).toContain("The winner changed");
    expect(text).toMatch(/INT8Static +may not win, loses 3.1 %.*not considered/);
  });

  it("compares only what both measured", () => {
    const bare = sampleReport({ tables: [] });
    const unraced = { ...bare, candidates: bare.candidates.map((candidate) => ({ ...candidate, measured: null })) };
    expect(compare(sampleReport(), unraced)).toMatchObject({ capacity: [], tables: [] });
    expect(summarizeComparison(compare(sampleReport(), unraced))).toContain("Nothing was measured in both");
  });
});

it("the ratio of two independent estimates is less sure than either", () => {
  const one = { estimate: 100, low: 90, high: 110 };
  const ratio = independentRatio(one, one, 1);
  expect(ratio?.low).toBeLessThan(0.9);
  expect(ratio?.high).toBeGreaterThan(1.1);
  expect(independentRatio({ estimate: 0, low: 0, high: 0 }, one, 1)).toBeNull();
});
