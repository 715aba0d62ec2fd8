import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestOf } from "./digest.ts";
import { type DocumentKind, documents } from "./documents.ts";
import { checkDocument, DocumentError, parseDocument } from "./parse.ts";

const samples = join(import.meta.dirname, "..", "samples");
const kinds = Object.keys(documents) as DocumentKind[];
const textOf = (kind: DocumentKind): string => readFileSync(join(samples, `${kind}.json`), "utf8");

/** The sample with one value replaced, or removed where `value` is undefined. */
function mutated(kind: DocumentKind, path: string, value: unknown): unknown {
  const document = JSON.parse(textOf(kind));
  const keys = path.split(".");
  const last = keys.pop() as string;
  const parent = keys.reduce((node, key) => node[key], document);
  parent[last] = value;
  return JSON.parse(JSON.stringify(document));
}

describe("golden samples", () => {
  it("exist for each document, and for nothing else", () => {
    const files = readdirSync(samples).filter((file) => file.endsWith(".json"));
    expect(files.sort()).toEqual(kinds.map((kind) => `${kind}.json`).sort());
  });

  it.each(kinds)("%s parses and is written back as it was", (kind) => {
    const parsed = parseDocument(documents[kind], textOf(kind), kind);
    expect(JSON.stringify(parsed)).toBe(JSON.stringify(JSON.parse(textOf(kind))));
  });

  it("carry the digest of the question that the report answers", () => {
    const report = parseDocument(documents.TuningReport, textOf("TuningReport"), "report");
    expect(report.questionDigest).toBe(digestOf(report.question));
    expect(digestOf(JSON.parse(textOf("TuningQuestion")))).toBe(report.questionDigest);
  });
});

describe("the envelope", () => {
  it.each(kinds)("%s of another version is refused", (kind) => {
    const other = mutated(kind, "apiVersion", "sweetspot.dev/v1");
    expect(() => checkDocument(documents[kind], other, kind)).toThrow(/apiVersion/);
  });

  it.each(kinds)("%s of another kind is refused", (kind) => {
    const other = mutated(kind, "kind", "Something");
    expect(() => checkDocument(documents[kind], other, kind)).toThrow(/kind/);
  });

  it("keeps a document of one kind from being read as another", () => {
    expect(() => parseDocument(documents.ServingPlan, textOf("CostTable"), "the plan")).toThrow(/kind/);
  });

  it("takes fields that it does not know, as a newer writer sends them, and drops them", () => {
    const newer = mutated("CostTable", "added", 1);
    expect(checkDocument(documents.CostTable, newer, "table")).toEqual(JSON.parse(textOf("CostTable")));
  });
});

const stages = { end: 10, answered: [1], queue: [1], engine: [1], other: [1], observed: [1], expected: [1] };

/** Kind, field and broken value. */
const broken: readonly [DocumentKind, string, unknown][] = [
  ["CostTable", "cells", []],
  ["CostTable", "cells.0.rows", 0],
  ["CostTable", "cells.0.rows", 1.5],
  ["CostTable", "cells.3.microseconds", 0],
  ["CostTable", "cells.3.microseconds", "12"],
  ["CostTable", "noiseFactors", []],
  ["CostTable", "noiseFactors.1", -1],
  ["CostTable", "overhead.perBatchMicroseconds", null],
  ["ServingPlan", "revision", "has a space"],
  ["ServingPlan", "revision", `a${"b".repeat(63)}`],
  ["ServingPlan", "modelName", ""],
  ["ServingPlan", "artifact.digest", "sha256:abc"],
  ["ServingPlan", "artifact.digest", `SHA256:${"a".repeat(64)}`],
  ["ServingPlan", "artifact.variant", "4-bit weights"],
  ["ServingPlan", "artifact.file", ""],
  ["ServingPlan", "artifact", undefined],
  ["ServingPlan", "outputs", []],
  ["ServingPlan", "inputBounds.0.maximum", 0.5],
  ["ServingPlan", "padding.inputs.0.axis", 0],
  ["ServingPlan", "padding.tolerance", -0.1],
  ["ServingPlan", "pipeline.threads", 0],
  ["ServingPlan", "pipeline.text.maximumTokens", 0],
  ["ServingPlan", "pipeline.text.truncation", "Left"],
  ["ServingPlan", "pipeline.text.tokenizer.digest", "sha256:abc"],
  ["ServingPlan", "pipeline.text.inputs.ids", undefined],
  ["ServingPlan", "pipeline.embedding.pooling", "Max"],
  ["ServingPlan", "pipeline", { threads: 1 }],
  ["ServingPlan", "layout.instances", 0],
  ["ServingPlan", "layout.pinned", "yes"],
  ["ServingPlan", "batching.former", "Random"],
  ["ServingPlan", "batching.maximumRows", 0],
  ["ServingPlan", "batching.maximumRows", 1025],
  ["ServingPlan", "batching.maximumBatchMicroseconds", 0],
  ["ServingPlan", "batching.holdMicroseconds", -1],
  ["ServingPlan", "batching.inFlightPerInstance", 5],
  ["ServingPlan", "admission.maximumQueuedRows", 0],
  ["ServingPlan", "admission.refuseLate", undefined],
  ["ServingPlan", "serviceLevel.percentile", "P42"],
  ["ServingPlan", "serviceLevel.latencyMilliseconds", 0],
  ["ServingPlan", "costTable.kind", "ServingPlan"],
  ["PlanTrial", "id", "has a space"],
  ["PlanTrial", "plan.layout.instances", 0],
  ["PlanTrial", "seed", -1],
  ["PlanTrial", "blockSeconds", 0],
  ["PlanTrial", "washOutSeconds", 12],
  ["PlanTrial", "mostSeconds", 0],
  ["TuningQuestion", "task", "Poetry"],
  ["TuningQuestion", "quality.maximumLossBasisPoints", 10_001],
  ["TuningQuestion", "quality.mode", "enforce"],
  ["TuningQuestion", "workload.samples", 0],
  ["TuningQuestion", "workload.requestsPerSecond", 0],
  ["TuningQuestion", "variants", []],
  ["TuningQuestion", "cpus", 0],
  ["TuningQuestion", "seed", -1],
  ["TuningReport", "question.budgetSeconds", 0],
  ["TuningReport", "questionDigest", "none"],
  ["TuningReport", "startedAt", "yesterday"],
  ["TuningReport", "finishedAt", "2026-03-14T09:26:09+02:00"],
  ["TuningReport", "environment.cgroupVersion", 3],
  ["TuningReport", "environment.cpuQuota", 0],
  ["TuningReport", "variants.1.state", "Broken"],
  ["TuningReport", "variants.1.message", ""],
  ["TuningReport", "variants.1.quality.loss.low", "0"],
  ["TuningReport", "candidates.0.role", "Winner"],
  ["TuningReport", "decision.winner", "a winner"],
  ["TuningReport", "decision.confirmation.verdict.confidence", 1.1],
  ["TuningReport", "decision.plan.layout", null],
  ["TuningReport", "findings.0.topic", "Weather"],
  ["TuningReport", "environment.noiseFactor", 0.9],
  ["TuningReport", "pinningTrial.pinnedRequestsPerSecond", -1],
  ["TuningReport", "checklist.0.outcome", "Improved"],
  ["TuningReport", "checklist.8.ratio", 1.2],
  ["DoctorReport", "findings.0.check", "Weather"],
  ["DoctorReport", "findings.0.state", "Fine"],
  ["DoctorReport", "findings.1.sentence", ""],
  ["DoctorReport", "activity.cores.0.busy", 1.2],
  ["DoctorReport", "memoryBytesPerSecond", 0],
  ["TuningReport", "requestShapes", []],
  ["TrafficReplay", "records.0.kind", "Other"],
  ["TrafficReplay", "records.0.seconds", 0],
  ["TrafficReplay", "records.0.badShare", 1.1],
  ["TrafficReplay", "records.0.plans.0.problem", ""],
  ["WhatIfAnswer", "asked.cpus", 0],
  ["WhatIfAnswer", "best.holds", "Maybe"],
  ["WhatIfAnswer", "best.replicas", 0.5],
  ["WhatIfAnswer", "best.latencyMilliseconds.low", -1],
  ["WhatIfAnswer", "best", undefined],
  ["ServiceLevelReport", "counts.late", -1],
  ["ServiceLevelReport", "counts.total", 0.5],
  ["ServiceLevelReport", "latencyMilliseconds.p99", -1],
  ["ServiceLevelReport", "costRatio", 0],
  ["ServiceLevelReport", "drift.state", "Adrift"],
  ["ServiceLevelReport", "drift.ratio", 0],
  ["ServiceLevelReport", "pinning", "Maybe"],
  ["ServiceLevelReport", "traffic.tenSeconds", { end: 10, total: [1], bad: [2] }],
  ["ServiceLevelReport", "traffic.seconds", { end: 10, total: [1, 1], bad: [0] }],
  ["ServiceLevelReport", "traffic.seconds.end", 1e12],
  ["ServiceLevelReport", "traffic.seconds.total.0", -1],
  ["ServiceLevelReport", "traffic.stages", { ...stages, queue: [] }],
  ["ServiceLevelReport", "traffic.lengths", new Array(33).fill(0)],
  ["ServiceLevelReport", "trial.state", "Asleep"],
  ["ServiceLevelReport", "trial.pairs.0.candidate", -1],
  ["ServiceLevelReport", "engines.0.state", "Asleep"],
  ["LoadReport", "arrivals", "Uniform"],
  ["LoadReport", "stages.0.seconds", 0],
  ["LoadReport", "stages.1.counts", undefined],
  ["LoadReport", "generatorCpuSeconds", -1],
  ["ServingPlan", "artifact.recipe", "recipe"],
  ["VariantRecipe", "source.bytes", 0],
  ["VariantRecipe", "result.bytes", 2 ** 31],
  ["VariantRecipe", "literals.bytes", 2 ** 27],
  ["VariantRecipe", "literals.deflated", "not base64"],
  ["VariantRecipe", "steps", []],
  ["VariantRecipe", "steps.0.op", "Run"],
  ["VariantRecipe", "steps.0.bytes", 0],
  ["VariantRecipe", "steps.1.channels", 0],
  ["VariantRecipe", "steps.1.stride", 0.5],
  ["VariantRecipe", "steps.1.type", "INT4"],
  ["VariantRecipe", "steps.1.corrections", 3],
];

describe("a report from before there was a checklist", () => {
  it("is read with an empty one, and with nothing known of what was not recorded", () => {
    const document = JSON.parse(textOf("TuningReport"));
    for (const name of ["checklist", "pinningTrial"]) delete document[name];
    for (const name of ["noiseFactor", "accelerators"]) delete document.environment[name];
    const report = checkDocument(documents.TuningReport, document, "report");
    expect(report).toMatchObject({ checklist: [], pinningTrial: null });
    expect(report.environment).toMatchObject({ noiseFactor: null, accelerators: null });
  });
});

describe("a broken document", () => {
  it.each(broken)("%s with %s = %j is refused by the name of the field", (kind, path, value) => {
    const read = () => checkDocument(documents[kind], mutated(kind, path, value), "the file");
    expect(read).toThrow(DocumentError);
    expect(read).toThrow(`the file is not valid: ${path}: `);
  });

  it("names the first five fields and counts the rest", () => {
    const read = () => checkDocument(documents.ServingPlan, {}, "the plan");
    expect(read).toThrow(/^the plan is not valid: apiVersion: .*; and 5 more$/);
  });

  it("that is no JSON at all is refused as such", () => {
    expect(() => parseDocument(documents.ServingPlan, "{", "plan.json")).toThrow(/^plan.json is not valid JSON: /);
  });

  it("that is no object is refused by its root", () => {
    expect(() => checkDocument(documents.ServingPlan, 7, "the plan")).toThrow("(root)");
  });
});
