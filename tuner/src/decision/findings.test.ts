import type { Candidate, VariantResult } from "@sweetspot/crds";
import { withoutBatching } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { type Evidence, findingsFrom } from "./findings.ts";

/** A candidate of which this capacity is predicted. */
function candidate(variant: string, maximumRows: number, instances: number, capacity: number): Candidate {
  return {
    name: `${variant}-${instances}-b${maximumRows}`,
    summary: variant,
    variant,
    layout: { instances, threadsPerInstance: 1, pinned: false, spinning: false },
    batching: { ...withoutBatching, maximumRows },
    prediction: { capacityRequestsPerSecond: capacity, latencyAt70PercentMilliseconds: 10, meanBatchRows: 1 },
    role: "Predicted",
    rounds: [],
    measured: null,
    lost: null,
  };
}

const variant = (change: Partial<VariantResult>): VariantResult => ({
  variant: "INT8Dynamic",
  engine: "OnnxRuntime",
  state: "Ready",
  message: "Made.",
  seconds: 1,
  bytes: 1,
  digest: null,
  quality: null,
  eligible: true,
  ...change,
});

/** What is said about one topic, with the outcome in front. */
function said(topic: string, change: Partial<Evidence>): string[] {
  const evidence: Evidence = {
    candidates: [],
    variants: [],
    timed: ["Source", "INT8Dynamic"],
    synthesised: false,
    padding: "NotApplicable",
    raced: true,
    batchGain: null,
    noise: 1.05,
    ...change,
  };
  const found = findingsFrom(evidence).filter((finding) => finding.topic === topic);
  return found.map(({ outcome, message }) => `${outcome}: ${message}`);
}

describe("findings about batching", () => {
  const plans = (batched: number, single: number) => [
    candidate("Source", 8, 2, batched),
    candidate("Source", 1, 2, single),
  ];

  it("say not to batch where a row costs more in a batch than alone, beyond the noise", () => {
    const loses = { candidates: plans(100, 100), batchGain: 0.8 };
    expect(said("Batching", loses)).toEqual([expect.stringMatching(/^Lost: Do not batch here.* 1\.25 times as much/)]);
    expect(said("Batching", { ...loses, noise: 1.3 })).toEqual([
      expect.stringMatching(/^NotApplicable: .*no difference/),
    ]);
  });

  it("otherwise compare the best plans with and without", () => {
    expect(said("Batching", { candidates: plans(150, 100), batchGain: 1.6 })[0]).toMatch(/^Gained: Batching pays.*150/);
    expect(said("Batching", { candidates: plans(80, 100), batchGain: 1 })[0]).toMatch(/^Lost: Batching does not pay/);
    expect(said("Batching", { candidates: plans(80, 100).slice(1) })).toEqual([]);
  });
});

describe("findings about batches in order of arrival", () => {
  const single = candidate("Source", 1, 2, 100);
  const sorted = candidate("Source", 8, 2, 120);
  const inOrder = (capacity: number): Candidate => {
    const plan = candidate("Source", 8, 2, capacity);
    return { ...plan, name: "in-order", batching: { ...plan.batching, former: "Fifo" } };
  };

  it("say what they lose against no batches at all, and leave the batches of the tuner out of it", () => {
    expect(said("Batching", { candidates: [sorted, single, inOrder(50)] })).toEqual([
      expect.stringMatching(/^Gained: Batching pays here: 120 against 100/),
      expect.stringMatching(/^Lost: Batching in order of arrival.* does not pay here: 50 against 100/),
    ]);
    expect(said("Batching", { candidates: [single, inOrder(150)] })).toEqual([
      expect.stringMatching(/^Gained: Batching in order of arrival/),
    ]);
  });
});

describe("findings about quantization", () => {
  const raced = (int8: number) => [candidate("INT8Dynamic", 1, 2, int8), candidate("Source", 1, 2, 100)];

  it("say that INT8 does not pay where it is slower, and that it pays where it is faster", () => {
    const variants = [variant({})];
    expect(said("Quantization", { variants, candidates: raced(80) })[0]).toMatch(/^Lost: INT8Dynamic does not pay.*80/);
    expect(said("Quantization", { variants, candidates: raced(180) })[0]).toMatch(/^Gained: INT8Dynamic pays.*180/);
    expect(said("Quantization", { variants, candidates: raced(100).slice(1) })[0]).toMatch(/not among the best plans/);
  });

  it("say nothing of the speed of what there was no time to measure", () => {
    const unmeasured = { variants: [variant({})], candidates: raced(180).slice(1), timed: ["Source"] };
    expect(said("Quantization", unmeasured)).toEqual([]);
    expect(said("Budget", unmeasured)).toEqual([expect.stringMatching(/^Warning: INT8Dynamic may win, .*no time/)]);
  });

  it("name what may not win with what it loses, what could not be made, and what another one stands for", () => {
    const loss = { estimate: 0.2, low: 0.15, high: 0.25 };
    const quality = { metric: "LabelAccuracy", loss, samples: 90, verdict: "Fail", moreSamples: null } as const;
    expect(said("Quality", { variants: [variant({ eligible: false, quality })] })).toEqual([
      expect.stringMatching(/^Lost: INT8Dynamic may not win: LabelAccuracy loses 20\.00 %/),
    ]);
    const failures = [
      variant({ state: "TimedOut", message: "Too long." }),
      variant({ eligible: false, twin: "INT8Static" }),
    ];
    expect(said("Quantization", { variants: failures })).toEqual([
      "NotApplicable: INT8Dynamic: Too long.",
      expect.stringMatching(/^NotApplicable: .*INT8Static has the same operators/),
    ]);
  });
});
