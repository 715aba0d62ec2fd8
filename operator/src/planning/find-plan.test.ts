import { type CostTable, ServingPlan, TuningReport } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { sampleOf } from "../testing/objects.ts";
import { findPlan } from "./find-plan.ts";
import type { ReplanQuestion } from "./replan-question.ts";
import { requestShapes } from "./request-shapes.ts";
import { runReplan } from "./run-replan.ts";

const report = TuningReport.parse(sampleOf("TuningReport"));
const plan: ServingPlan = { ...report.decision.plan, revision: "ocr-x64-1" };
const sketch = (index: number) => [...new Array<number>(index).fill(0), 6000];

const question = (changes: Partial<ReplanQuestion> = {}): ReplanQuestion => ({
  report,
  plan,
  target: plan.serviceLevel,
  traffic: { lengths: sketch(10), rows: sketch(0) },
  slowdown: 1,
  fitted: [],
  rejected: [],
  milliseconds: 60_000,
  ...changes,
});
const find = (changes: Partial<ReplanQuestion> = {}) => findPlan(question(changes), () => 0);

describe("a plan for other traffic", () => {
  it("is the same whenever it is looked for, and for the same variant", () => {
    const found = find({
      traffic: { lengths: sketch(8), rows: sketch(0) },
      target: { ...plan.serviceLevel, latencyMilliseconds: 200 },
    });
    expect(found.kind).toBe("Found");
    if (found.kind !== "Found") return;
    expect(ServingPlan.parse(found.plan)).toEqual(found.plan);
    expect(found.plan.artifact).toEqual(plan.artifact);
    expect(found.plan.serviceLevel.latencyMilliseconds).toBe(200);
    expect(
      find({
        traffic: { lengths: sketch(8), rows: sketch(0) },
        target: { ...plan.serviceLevel, latencyMilliseconds: 200 },
      }),
    ).toEqual(found);
  });

  it("that was tried and was not better is not taken again", () => {
    const target = { ...plan.serviceLevel, latencyMilliseconds: 200 };
    const found = find({ target });
    if (found.kind !== "Found" || found.sameSettings) throw new Error("there is a better plan in the sample");
    const { layout, batching, artifact } = found.plan;
    expect(find({ target, rejected: [{ variant: artifact.variant, layout, batching }] }).kind).toBe("TriedBefore");
  });

  it("carries half when engines take twice as long, on a table that says so", () => {
    const [before, slow] = [find(), find({ slowdown: 2 })];
    if (slow.kind !== "Found" || !("capacityRequestsPerSecond" in before)) throw new Error("there is a plan");
    expect(slow.capacityRequestsPerSecond / before.capacityRequestsPerSecond).toBeLessThan(0.7);
    expect(slow.plan.costTable?.cells[0]?.microseconds).not.toBe(plan.costTable?.cells[0]?.microseconds);
  });

  it("follows what the pods fitted, shape by shape, in the middle of what they say", () => {
    const table = plan.costTable as CostTable;
    const slower = (times: number): CostTable => ({
      ...table,
      cells: table.cells.map((cell) => ({ ...cell, microseconds: cell.microseconds * times })),
    });
    const slow = find({ fitted: [slower(2), slower(2.1), slower(1000)], slowdown: 1.2 });
    if (slow.kind !== "Found") throw new Error("there is a plan");
    const before = report.tables.find(
      ({ layout, variant }) =>
        variant === plan.artifact.variant &&
        layout.instances === slow.plan.layout.instances &&
        layout.threadsPerInstance === slow.plan.layout.threadsPerInstance,
    );
    const ratios = slow.plan.costTable?.cells.map(
      (cell, i) => cell.microseconds / (before?.table.cells[i]?.microseconds ?? 0),
    );
    for (const ratio of ratios ?? []) expect(ratio).toBeCloseTo(2.1, 1);
    expect(find({ fitted: [table] })).toEqual(find());
  });

  it("cannot be looked for without requests, or without a table of the variant", () => {
    expect(find({ traffic: { lengths: [], rows: [] } }).kind).toBe("Impossible");
    expect(find({ report: { ...report, tables: [] } }).kind).toBe("Impossible");
  });

  it("is looked for in a thread, which a signal ends", async () => {
    expect(await runReplan(question(), new AbortController().signal)).toEqual(find());
    const stop = new AbortController();
    const ended = runReplan(question(), stop.signal);
    stop.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
  });
});

describe("requests by a sketch", () => {
  it("have the mean and the ends of what was counted", () => {
    const lengths = [...new Array<number>(8).fill(0), 3000, 0, 0, 0, 1000];
    const shapes = requestShapes(lengths, [4000], true);
    expect(new Set(shapes.map(({ length }) => length))).toEqual(new Set([16, 64]));
    expect(shapes.filter(({ length }) => length === 64).length / shapes.length).toBeCloseTo(0.25);
    expect(new Set(shapes.map(({ group }) => group))).toEqual(new Set([""]));
    expect(requestShapes(lengths, [4000], false)[0]?.group).toBe("16,");
    expect(requestShapes([], [], true)).toEqual([]);
  });
});
