import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { apiCases, changed, forbiddenChange, minimal, ruleCatalogue } from "../testing/index.ts";
import { InferenceDeployment } from "./inference-deployment.ts";
import { modelSourceOf } from "./model-uri.ts";
import { cpuMillis, isWholeCpus, memoryBytes } from "./quantity.ts";
import { specIsImmutable, TuningRun } from "./tuning-run.ts";

const schemas = { InferenceDeployment, TuningRun };
const kinds = ["InferenceDeployment", "TuningRun"] as const;

const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .slice(1);

describe("zod's verdict", () => {
  it.each(apiCases.map((one) => [`${one.kind} with ${one.name}`, one] as const))(
    "%s",
    (_, { kind, document, reject }) => {
      const result = schemas[kind].safeParse(document);
      const issues = [...new Set(result.error?.issues.map((issue) => pathOf(issue.path)))];
      expect(issues).toEqual(reject === null ? [] : [reject.path]);
    },
  );

  it("is tested for each rule by a document that breaks it", () => {
    const rules = [...ruleCatalogue().keys()];
    const tested = [...apiCases.map((one) => one.reject?.rule), forbiddenChange.rule];
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules)).toEqual(new Set(tested.filter((rule) => rule !== undefined)));
  });

  it("tells rules apart by their messages", () => {
    const rules = [...ruleCatalogue().values()];
    expect(new Set(rules.map((rule) => rule.message)).size).toBe(rules.length);
  });

  it("on a change of a TuningRun's spec is no, and on its own defaults and the order of its keys yes", () => {
    const { spec } = TuningRun.parse(minimal.TuningRun);
    const other = TuningRun.parse(changed(minimal.TuningRun, forbiddenChange.changes)).spec;
    expect(specIsImmutable.holds(other, spec)).toBe(false);
    const reordered = TuningRun.parse(changed(minimal.TuningRun, { "spec.budgetSeconds": 60 })).spec;
    expect(specIsImmutable.holds({ ...reordered, model: { ...spec.model } }, spec)).toBe(true);
  });
});

describe("golden samples of the API", () => {
  const samples = join(import.meta.dirname, "..", "..", "samples");
  it.each(kinds)("%s: the minimal one is the least of the table, the full one names every field of spec", (kind) => {
    const texts = ["minimal", "full"].map((size) => readFileSync(join(samples, `${kind}.${size}.yaml`), "utf8"));
    const [least, full] = texts.map((text) => parse(text, { version: "1.1" }));
    expect(least).toEqual(minimal[kind]);
    expect(schemas[kind].parse(full)).toEqual(full);
    const json = z.toJSONSchema(schemas[kind], { io: "input" }) as unknown as { properties: { spec: object } };
    const missing = missingFields(json.properties.spec, full.spec);
    expect(missing).toEqual([]);
  });
});

/** Of two fields that exclude each other the sample has the other one. */
const excluded = /^\.workload\.samples\.file$|\.claims\[0\]\.resourceClaimName$/;

/** Paths of the schema that the value does not have. */
function missingFields(schema: { properties?: object; items?: object }, value: unknown, path = ""): string[] {
  if (schema.items !== undefined && Array.isArray(value)) return missingFields(schema.items, value[0], `${path}[0]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const inner = `${path}.${name}`;
    const present = (value as Record<string, unknown>)[name];
    if (present === undefined) return excluded.test(inner) ? [] : [inner];
    return missingFields(child, present, inner);
  });
}

describe("quantities", () => {
  it("of CPU and memory are read as Kubernetes reads them", () => {
    expect(["2", "500m", "0.5", "1.5", "x", "1Gi"].map(cpuMillis)).toEqual([
      2000,
      500,
      500,
      1500,
      Number.NaN,
      Number.NaN,
    ]);
    expect(["1Gi", "1.5Ki", "512", "2G", "", "1m"].map(memoryBytes)).toEqual([
      2 ** 30,
      1536,
      512,
      2e9,
      Number.NaN,
      Number.NaN,
    ]);
    expect(["1", "2000m", "1.0", "1500m", "x"].map(isWholeCpus)).toEqual([true, true, true, false, false]);
  });

  it("in thousandths name the same CPUs as in whole", () => {
    fc.assert(fc.property(fc.nat(999), (cpus) => cpuMillis(`${cpus}`) === cpuMillis(`${cpus * 1000}m`)));
  });
});

describe("the source of a model", () => {
  it("is taken apart into what a pod mounts", () => {
    expect(modelSourceOf("oci://localhost:5000/a/b:1")).toEqual({ kind: "Image", reference: "localhost:5000/a/b:1" });
    expect(modelSourceOf("pvc://models/ocr/v1")).toEqual({ kind: "Claim", claim: "models", path: "ocr/v1" });
    expect(modelSourceOf("pvc://models")).toEqual({ kind: "Claim", claim: "models", path: "" });
    expect(modelSourceOf("hf://a/b")).toEqual({ kind: "HuggingFace", repository: "a/b", revision: "main" });
    expect(modelSourceOf("hf://a/b@refs/pr/1")).toMatchObject({ repository: "a/b", revision: "refs/pr/1" });
    expect(modelSourceOf("s3://bucket/a/b/")).toEqual({ kind: "S3", bucket: "bucket", prefix: "a/b" });
    expect(modelSourceOf("https://h:1/a")).toEqual({ kind: "Https", url: "https://h:1/a" });
    expect(modelSourceOf("ftp://a/b")).toEqual({ kind: "Unsupported", scheme: "ftp" });
  });
});
