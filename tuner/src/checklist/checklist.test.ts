import { type Candidate, ChecklistItem, ChecklistTopic, type CostTable, type TuningReport } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { sampleReport } from "../report/testing/sample-report.ts";
import { batchGain } from "./batching-items.ts";
import { checklistOf } from "./checklist.ts";
import { topicOfVariant } from "./variant-items.ts";

/** The item about a topic in a report that differs from the sample as given. */
function item(topic: ChecklistTopic, change: Partial<TuningReport> = {}): ChecklistItem {
  const report = sampleReport(change);
  return checklistOf(report).find((each) => each.topic === topic) ?? expect.fail(`no item about ${topic}`);
}

const sample = sampleReport();
const named = (name: string): Candidate =>
  sample.candidates.find((candidate) => candidate.name === name) ?? expect.fail(name);
const winner = named("int8-dynamic-2x1-b8");
const source = named("source-2x1-b8");

/** A raced candidate that answers `share` of what another one does, in each round. */
const slower = (candidate: Candidate, name: string, share: number, change: Partial<Candidate> = {}): Candidate => ({
  ...candidate,
  name,
  rounds: candidate.rounds.map((round) => ({
    ...round,
    capacityRequestsPerSecond: round.capacityRequestsPerSecond * share,
  })),
  ...change,
});
const quality = (index: number) => sample.variants[index]?.quality ?? expect.fail("no quality");

describe("the checklist", () => {
  it("holds every item once, in its order, and keeps the contract", () => {
    const items = checklistOf(sample);
    expect(items.map(({ topic }) => topic)).toEqual(ChecklistTopic.options);
    for (const each of items) expect(ChecklistItem.parse(each)).toEqual(each);
  });

  it("has a ratio where, and only where, something was measured with and without", () => {
    const variations: Partial<TuningReport>[] = [
      {},
      { tables: [], pinningTrial: null },
      { candidates: sample.candidates.map((candidate) => ({ ...candidate, rounds: [], measured: null })) },
      { variants: sample.variants.slice(0, 1) },
    ];
    for (const change of variations) {
      for (const { outcome, ratio } of checklistOf(sampleReport(change))) {
        expect(ratio !== null).toBe(["Gained", "Lost", "NoDifference"].includes(outcome));
        if (ratio === null) continue;
        expect(ratio.low).toBeLessThanOrEqual(ratio.estimate);
        expect(ratio.high).toBeGreaterThanOrEqual(ratio.estimate);
        expect(outcome === "Gained").toBe(ratio.low > 1);
        expect(outcome === "Lost").toBe(ratio.high < 1);
      }
    }
  });

  it("says that another engine does not apply where it is not installed", () => {
    const message = "OpenVINO is not installed: run `npm run setup`.";
    const { quality: _, ...known } = sample.variants[0] ?? expect.fail("no variant");
    const missing = {
      ...known,
      quality: null,
      variant: "OpenVino",
      engine: "OpenVino",
      state: "NotApplicable",
    } as const;
    const variants = [...sample.variants, { ...missing, message, bytes: null, digest: null, eligible: false }];
    expect(item("OptimizedEngine", { variants })).toMatchObject({
      outcome: "NotApplicable",
      message: `OpenVino: ${message}`,
    });
  });

  it("claims nothing where nothing was measured: predictions are no measurement", () => {
    const candidates = sample.candidates.map((candidate) => ({ ...candidate, rounds: [], measured: null }));
    const items = checklistOf(sampleReport({ candidates, tables: [], pinningTrial: null }));
    expect(items.every(({ ratio }) => ratio === null)).toBe(true);
  });
});

describe("INT8", () => {
  it("gained what the race says where both ran in one layout, by the rounds that were not void", () => {
    const { outcome, ratio } = item("INT8");
    expect(outcome).toBe("Gained");
    expect(ratio).toMatchObject({ basis: "Race", estimate: expect.closeTo(318 / 204, 6) });
  });

  it("gained what the cost tables say where it did not race, with an interval as wide as the machine may drift", () => {
    const candidates = sample.candidates.map((candidate) => ({ ...candidate, rounds: [], measured: null }));
    const { ratio } = item("INT8", { candidates });
    expect(ratio).toMatchObject({ basis: "CostTable", estimate: expect.closeTo(1.9, 6) });
    expect((ratio?.high ?? 0) / (ratio?.low ?? 1)).toBeCloseTo(1.15 ** 2, 6);
  });

  it("lost where the race says so", () => {
    const candidates = [slower(winner, winner.name, 0.5), source, named("default")];
    const { outcome, ratio } = item("INT8", { candidates });
    expect([outcome, ratio?.estimate]).toEqual(["Lost", expect.closeTo(159 / 204, 6)]);
  });

  it("makes no difference where the interval reaches over 1", () => {
    const candidates = [slower(winner, winner.name, 204 / 318 + 0.002), source, named("default")];
    expect(item("INT8", { candidates }).outcome).toBe("NoDifference");
  });

  it("does not apply where quality forbids it, and was not tried where too few samples left it open", () => {
    const failed = { ...quality(1), verdict: "Fail" as const };
    const only = (change: object) =>
      sample.variants.slice(0, 2).map((each, i) => (i === 1 ? { ...each, ...change } : each));
    expect(item("INT8", { variants: only({ eligible: false, quality: failed }) })).toMatchObject({
      outcome: "NotApplicable",
      message: expect.stringMatching(/INT8Dynamic loses 0\.41 % .* by CosineSimilarity, 1 % allowed/),
    });
    const open = { ...quality(1), verdict: "Inconclusive" as const, moreSamples: 300 };
    expect(item("INT8", { variants: only({ eligible: false, quality: open }) })).toMatchObject({
      outcome: "NotTried",
      message: expect.stringContaining("About 300 more samples"),
    });
    expect(item("INT8", { variants: only({ state: "TimedOut", eligible: false }) })).toMatchObject({
      outcome: "NotTried",
      message: expect.stringContaining("could not be made"),
    });
    expect(item("INT8", { variants: sample.variants.slice(0, 1) }).outcome).toBe("NotTried");
  });

  it("is told from other kinds of variants by its name and engine", () => {
    const topic = (variant: string, engine = "OnnxRuntime") =>
      topicOfVariant({ variant, engine } as Parameters<typeof topicOfVariant>[0]);
    expect(["Source", "INT8Static", "FP16", "BF16", "Optimized", "Student"].map((name) => topic(name))).toEqual([
      null,
      "INT8",
      "HalfPrecision",
      "HalfPrecision",
      "OptimizedEngine",
      "DistilledModel",
    ]);
    expect(topic("Source", "OpenVino")).toBe("OptimizedEngine");
  });
});

describe("batching", () => {
  const single = slower(winner, "int8-2x1-b1", 0.7, { batching: { ...winner.batching, maximumRows: 1 } });

  it("gained what the race of one variant in one layout says", () => {
    const { outcome, ratio } = item("Batching", { candidates: [...sample.candidates, single] });
    expect([outcome, ratio?.basis, ratio?.estimate]).toEqual(["Gained", "Race", expect.closeTo(1 / 0.7, 6)]);
  });

  const table = (cells: readonly [rows: number, length: number, microseconds: number][]): CostTable => ({
    ...(sample.tables[1]?.table ?? expect.fail("no table")),
    cells: cells.map(([rows, length, microseconds]) => ({ rows, length, microseconds, samples: 9 })),
  });
  const measuredAs = (cells: readonly [number, number, number][]): Partial<TuningReport> => ({
    candidates: [winner],
    tables: [{ variant: "INT8Dynamic", layout: winner.layout, table: table(cells), heldOutError: null }],
  });

  it("is read from the cost table where it did not race: the best batch of each length that the plan allows", () => {
    const cells = table([
      [1, 16, 1000],
      [2, 16, 1000],
      [4, 16, 1000],
      [1, 64, 5000],
      [2, 64, 10_000],
      [4, 64, 90_000],
    ]);
    expect(batchGain(cells, 20_000)).toBeCloseTo(Math.sqrt(4 * 1));
    expect(batchGain(cells, 999)).toBeNull();
    expect(
      item(
        "Batching",
        measuredAs([
          [1, 8, 100],
          [2, 8, 120],
        ]),
      ).ratio?.basis,
    ).toBe("CostTable");
  });

  it("lost where batches run slower per row", () => {
    const { outcome, ratio } = item(
      "Batching",
      measuredAs([
        [1, 8, 1000],
        [2, 8, 2600],
      ]),
    );
    expect([outcome, ratio?.estimate]).toEqual(["Lost", expect.closeTo(2000 / 2600, 6)]);
  });

  it("does not apply to a model that takes one row, nor where the target has no room for it", () => {
    expect(item("Batching", measuredAs([[1, 8, 1000]])).outcome).toBe("NotApplicable");
    const change = measuredAs([
      [1, 8, 1000],
      [2, 8, 1100],
    ]);
    const { outcome, message } = item("Batching", {
      ...change,
      candidates: [{ ...winner, batching: single.batching }],
    });
    expect([outcome, message]).toEqual(["NotApplicable", expect.stringContaining("one by one is better all the same")]);
  });

  it("has no length to sort or pad by where all requests are alike, or padding is not allowed", () => {
    const one = measuredAs([
      [1, 8, 1000],
      [2, 8, 1100],
    ]);
    for (const topic of ["Padding", "SequenceBucketing"] as const) {
      expect(item(topic, one)).toMatchObject({
        outcome: "NotApplicable",
        message: expect.stringContaining("one length"),
      });
      expect(item(topic)).toMatchObject({ outcome: "NotApplicable", message: expect.stringContaining("permission") });
    }
  });

  it("tells what padding to the longest would cost where padding is allowed", () => {
    const padding = { inputs: [{ name: "input_ids", axis: 1, value: 0 }], outputs: [], tolerance: 1e-4 };
    const decision = { ...sample.decision, plan: { ...sample.decision.plan, padding } };
    expect(item("Padding", { decision })).toMatchObject({
      outcome: "Checked",
      message: expect.stringMatching(/length 16 takes [\d.]+ ms alone and would take [\d.]+ ms padded to 256/),
    });
    expect(item("SequenceBucketing", { decision }).outcome).toBe("NotTried");
    const batching = { ...winner.batching, former: "Fifo" } as const;
    const prediction = { ...(winner.prediction ?? expect.fail("no prediction")), capacityRequestsPerSecond: 12 };
    const inOrder = { ...winner, name: "in-order", batching, prediction, rounds: [], measured: null };
    expect(item("SequenceBucketing", { decision, candidates: [...sample.candidates, inOrder] })).toMatchObject({
      outcome: "Checked",
      message: expect.stringMatching(/ against 12 in order of arrival, by simulation/),
    });
  });
});

describe("the machine", () => {
  it("gained or lost by pinning what the trial says, outside of its noise", () => {
    expect(item("CorePinning")).toMatchObject({ outcome: "Gained", ratio: { basis: "Trial" } });
    const trial = (pinned: number) => ({
      pinningTrial: { pinnedRequestsPerSecond: pinned, unpinnedRequestsPerSecond: 100 },
    });
    expect(item("CorePinning", trial(60)).outcome).toBe("Lost");
    expect(item("CorePinning", trial(108)).outcome).toBe("NoDifference");
    expect(item("CorePinning", trial(0)).outcome).toBe("NotTried");
    // The noise of the A/A test widens the interval.
    const environment = { ...sample.environment, noiseFactor: 1.5 };
    expect(item("CorePinning", { environment }).outcome).toBe("NoDifference");
  });

  it("says where the time of a request goes", () => {
    const { outcome, message } = item("Bottleneck");
    expect([outcome, message]).toEqual([
      "Checked",
      expect.stringMatching(/The model is the bottleneck.*in the engine/),
    ]);
    expect(message).toContain("was not measured");
    const [own] = sample.tables.filter(({ variant }) => variant === "INT8Dynamic");
    if (own === undefined) throw new Error("there is a table of the winner");
    const shared = { cpus: 2, microsecondsPerRequest: 90_000 };
    const tables = [{ ...own, table: { ...own.table, overhead: { ...own.table.overhead, shared } } }];
    expect(item("Bottleneck", { tables }).message).toMatch(/outside of the engine.*reading, checking and answering/);
    expect(item("Bottleneck", { tables: [] }).outcome).toBe("NotTried");
  });

  it("was checked for versions that fit, for noise and for disturbed rounds", () => {
    const versions = { "onnxruntime-node": "1.30.0", "python-onnxruntime": "1.29.1" };
    expect(item("Versions", { environment: { ...sample.environment, versions } }).message).toContain(
      "install the same",
    );
    expect(item("SystemActivity").message).toMatch(/up to 2\.1 % .* 3 of 18 rounds .* void/);
    const environment = { ...sample.environment, noiseFactor: null };
    expect(item("SystemActivity", { environment }).outcome).toBe("NotTried");
  });

  it("has use for half precision only with an accelerator", () => {
    expect(item("HalfPrecision").outcome).toBe("NotApplicable");
    const environment = { ...sample.environment, accelerators: ["Tesla T4"] };
    expect(item("HalfPrecision", { environment })).toMatchObject({
      outcome: "NotTried",
      message: expect.stringContaining("Tesla T4"),
    });
  });

  it("overlaps the hand-over with the engine's work: measured only where one and two batches in hand raced", () => {
    expect(item("OverlapInput").outcome).toBe("NotTried");
    const ahead = slower(winner, "ahead", 1.2, { batching: { ...winner.batching, inFlightPerInstance: 2 } });
    const { outcome, ratio } = item("OverlapInput", { candidates: [...sample.candidates, ahead] });
    expect([outcome, ratio?.estimate]).toEqual(["Gained", expect.closeTo(1.2, 6)]);
  });
});
