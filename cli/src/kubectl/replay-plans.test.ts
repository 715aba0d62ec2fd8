import { type PlanHistory, type ServingPlan, sizeIndex, type TrafficRecord, TrafficReplay } from "@sweetspot/crds";
import { summarizeReplay } from "@sweetspot/tuner";
import { describe, expect, it } from "vitest";
import { goldenReport } from "../testing/recorded-cli.ts";
import { replayPlans } from "./replay-plans.ts";

const report = await goldenReport();
const { plan } = report.decision;
/** The shortest requests gain most from batches. */
const length = Math.min(...(plan.costTable?.cells ?? []).map((cell) => cell.length));
const costAlone = (): number =>
  plan.costTable?.cells.find((cell) => cell.rows === 1 && cell.length === length)?.microseconds ?? Number.NaN;
const serviceLevel = report.question.serviceLevel;
const at = "2026-03-14T09:30:00.000Z";
/** More than one request at a time carries. */
const busyRate = Math.ceil((1.2e6 * plan.layout.instances) / costAlone());
const sketch = (size: number) => [...new Array<number>(sizeIndex(size)).fill(0), 6000];

const record = (changes: Partial<TrafficRecord> = {}): TrafficRecord => ({
  at,
  revision: "ocr-x64-1",
  pods: 1,
  requests: new Array<number>(60).fill(50),
  lengths: sketch(length),
  rows: sketch(1),
  badShare: 0.3,
  slowdown: 1,
  ...changes,
});

const revision = (name: string, origin: "Tuning" | "Replan", run = "ocr-x64-1"): PlanHistory["revisions"][0] => ({
  ...{ name, origin, run, outcome: "Superseded", since: at, message: "why", summary: `what ${name} is` },
  ...{ capacityRequestsPerSecond: 100, previous: null, shareBefore: null },
});

/** The same plan, one request at a time. */
const unbatched: ServingPlan = { ...plan, revision: "replan-1", batching: { ...plan.batching, maximumRows: 1 } };

function replayed(recorded: NonNullable<PlanHistory["recorded"]>, changes: Partial<ServingPlan> = {}) {
  const revisions = [revision("ocr-x64-1", "Tuning"), revision("replan-1", "Replan"), revision("gone", "Replan")];
  const old = revision("old", "Tuning", "ocr-x64-0");
  const traffic: PlanHistory["baseline"]["traffic"] = {
    ...{ at, requestsPerSecond: 50, costRatio: 1, nodes: [], lengths: [], rows: [], dispersion: null, stages: null },
  };
  const history: PlanHistory = {
    ...{ apiVersion: "sweetspot.dev/v1alpha1", kind: "PlanHistory", answer: "ocr-x64-1", serving: "ocr-x64-1" },
    ...{ revisions: [...revisions, old], baseline: { complete: true, traffic }, trial: null, work: null },
    recorded,
    retuning: { generation: 1, records: [], pending: null, failures: 0 },
    ...{ lastResult: "", obeyed: { retune: "", rollback: "", promote: "" } },
  };
  const plans = new Map([["replan-1", { ...unbatched, ...changes }]]);
  return replayPlans({ history, plans, reports: new Map([["ocr-x64-1", report]]), serviceLevel });
}

const inRecord = (replay: TrafficReplay, name: string, index = 0) => {
  const found = replay.records[index]?.plans.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} is not in the replay`);
  return found;
};
const latency = (...where: Parameters<typeof inRecord>) =>
  inRecord(...where).latencyMilliseconds?.estimate ?? Number.NaN;

describe("a replay of recorded traffic", () => {
  it("has each revision and each raced candidate once, with a figure or why there is none", () => {
    const replay = replayed({ breach: record(), usual: record() });
    expect(TrafficReplay.parse(replay)).toEqual(replay);
    expect(replay.records.map(({ kind }) => kind)).toEqual(["Breach", "Usual"]);
    const plans = replay.records[0]?.plans ?? [];
    expect(plans.filter(({ origin }) => origin === "Revision").map(({ name }) => name)).toEqual([
      ...["ocr-x64-1", "replan-1", "gone", "old"],
    ]);
    const raced = report.candidates.filter(({ role }) => role !== "Predicted");
    // The winner is the first revision.
    expect(plans.filter(({ origin }) => origin === "Candidate")).toHaveLength(raced.length - 1);
    expect(plans.filter(({ served }) => served).map(({ name }) => name)).toEqual(["ocr-x64-1"]);
    expect(inRecord(replay, "gone").problem).toMatch(/plan itself is gone/);
    expect(inRecord(replay, "old").problem).toMatch(/TuningRun ocr-x64-0 is gone/);
    for (const { latencyMilliseconds, problem } of plans) expect(latencyMilliseconds === null).toBe(problem !== null);
  });

  it("is worse with more requests, on slower engines, and for plans that carry less", () => {
    const usual = replayed({ breach: record() });
    const busy = replayed({ breach: record({ requests: new Array<number>(60).fill(busyRate) }) });
    const slow = replayed({ breach: record({ slowdown: 2 }) });
    expect(latency(busy, "ocr-x64-1")).toBeGreaterThan(latency(usual, "ocr-x64-1"));
    expect(latency(slow, "ocr-x64-1")).toBeGreaterThan(1.8 * latency(usual, "ocr-x64-1"));
    expect(latency(busy, "replan-1")).toBeGreaterThan(1.5 * latency(busy, "ocr-x64-1"));
    const spread = replayed({ breach: record({ requests: new Array<number>(60).fill(busyRate), pods: 3 }) });
    expect(latency(spread, "ocr-x64-1")).toBeLessThan(latency(busy, "ocr-x64-1"));
  });

  it("knows that a plan with a corrected table served on engines that were slower all the time", () => {
    const { costTable } = plan;
    if (costTable === undefined) throw new Error("the sample has a table");
    const twice = costTable.cells.map((cell) => ({ ...cell, microseconds: 2 * cell.microseconds }));
    const corrected = { costTable: { ...costTable, cells: twice } };
    const replay = replayed({ breach: record({ revision: "replan-1" }) }, corrected);
    expect(replay.records[0]?.slowdown).toBeCloseTo(2, 1);
    expect(latency(replay, "ocr-x64-1")).toBeGreaterThan(1.8 * latency(replayed({ breach: record() }), "ocr-x64-1"));
  });

  it("says nothing of a handful of requests, and is nothing without a record", () => {
    const few = replayed({ usual: record({ requests: [20, 30] }) });
    expect(inRecord(few, "ocr-x64-1").problem).toMatch(/Too few/);
    expect(replayed({}).records).toEqual([]);
  });

  it("is told as what would have been, with what really was", () => {
    const replay = replayed({ breach: record({ slowdown: 2 }) });
    const words = summarizeReplay(replay);
    expect(words).toMatch(/^The breach of 2026-03-14T09:30:00.000Z, its last 60 s, at 50\/s in each pod/);
    expect(words).toMatch(/30 % of the record's requests really did\. Engines took 2 times as long as measured/);
    expect(words).toContain("p99 would have been");
    expect(words).toMatch(/\nocr-x64-1 \(served\) +[\d.,]+ ms \([\d.,]+ to [\d.,]+\) +[\d.]+ % \(/);
  });
});
