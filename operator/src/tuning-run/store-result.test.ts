import { randomBytes } from "node:crypto";
import { defaultRecordLimits, encodeRecord, unpackRecipe } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleOf } from "../testing/objects.ts";
import { resultOf, tunerLog } from "../testing/runs.ts";
import { contentOf, reportKeys } from "./store-result.ts";

const announced = resultOf();
const problemOf = (log: string, changes: Partial<typeof announced> = {}) => {
  const { data, ...rest } = contentOf(log, { ...announced, ...changes });
  expect(rest).toEqual({});
  expect(Object.keys(data)).toEqual([reportKeys.problem]);
  return (data as Record<string, string>)[reportKeys.problem];
};
const lines = tunerLog.split("\n");
const digest = `sha256:${"0".repeat(64)}`;

/** A document whose gzip has some hundred bytes less than told. */
function filled(kind: "TuningReport" | "VariantRecipe", gzipBytes: number) {
  const noise = randomBytes(gzipBytes).toString("base64");
  const encode = (text: string) =>
    encodeRecord(kind, { ...sampleOf(kind), noise: text }, { ...defaultRecordLimits, gzipBytes: 2 ** 20 });
  const excess = encode(noise).gzip.length - gzipBytes;
  return encode(noise.slice(Math.ceil((excess * 4) / 3)));
}

describe("what is kept of a tuner's log", () => {
  it("is the report, its plan and the recipe, and nothing else", () => {
    const { data, binaryData } = contentOf(tunerLog, announced) as {
      data: Record<string, string>;
      binaryData: Record<string, string>;
    };
    expect(Object.keys({ ...data, ...binaryData }).sort()).toEqual(["plan.json", "recipe", "report", "report.bytes"]);
    expect(JSON.parse(data["plan.json"] ?? "")).toEqual(sampleOf("TuningReport").decision.plan);
    expect(unpackRecipe(Buffer.from(binaryData["recipe"] ?? "", "base64"))).toEqual(sampleOf("VariantRecipe"));
    expect(data["report.bytes"]).toBe(String(Buffer.from(binaryData["report"] ?? "", "base64").length));
  });

  it("is the same between megabytes of other output, and with a forged record before it", () => {
    const forged = encodeRecord("TuningReport", { ...sampleOf("TuningReport"), completed: false });
    const noise = `${"x".repeat(1000)}\n`.repeat(2000);
    const log = [...forged.lines, noise, ...lines, noise].join("\n");
    expect(contentOf(log, announced)).toEqual(contentOf(tunerLog, announced));
  });

  it.each([
    ["an empty log", "", "The log holds no report."],
    ["a log of garbage", randomBytes(100_000).toString("latin1"), "The log holds no report."],
    ["a line without end", "sweetspot-record/1 TuningReport 1/1 ".repeat(100_000), "The log holds no report."],
    ["a report that was cut off", lines.slice(0, 1).join("\n"), "The log holds no report."],
    ["a log that lost the recipe", lines.filter((line) => !line.includes("VariantRecipe")).join("\n"), "no recipe"],
    ["a damaged report", tunerLog.replace(/(TuningReport 1\/\d+ \w+ )..../, "$1AAAA"), "damaged"],
  ])("is a problem for %s", (_, log, words) => {
    expect(problemOf(log)).toContain(words);
  });

  it("is a problem when the report is not the announced one", () => {
    expect(problemOf(tunerLog, { reportDigest: digest })).toBe("The log holds no report.");
    expect(problemOf(tunerLog, { planDigest: digest })).toContain("not the one that the result names");
    expect(problemOf(tunerLog, { recipeDigest: digest })).toBe("The log holds no recipe.");
  });

  it("is a problem when a made variant won and nobody announced how to make it", () => {
    expect(problemOf(tunerLog, { recipeDigest: null })).toBe("The log holds no recipe.");
  });

  it("is a problem when it is more than a ConfigMap holds", () => {
    const contentOfTwo = (gzipBytes: number) => {
      const report = filled("TuningReport", gzipBytes);
      const recipe = filled("VariantRecipe", gzipBytes);
      const log = [...report.lines, ...recipe.lines].join("\n");
      return contentOf(log, { ...announced, reportDigest: report.digest, recipeDigest: recipe.digest }).data;
    };
    expect(contentOfTwo(520_000)).toHaveProperty([reportKeys.plan]);
    expect(contentOfTwo(524_000)).toEqual({ [reportKeys.problem]: expect.stringContaining("a ConfigMap holds 1 MiB") });
  });

  it("is short however bad the log, and never an exception", () => {
    const mutation = fc.record({
      line: fc.nat(lines.length - 1),
      at: fc.nat(12_000),
      text: fc.string({ maxLength: 9 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
        const broken = [...lines];
        for (const { line, at, text } of mutations) {
          const before = broken[line] ?? "";
          broken[line] = before.slice(0, at) + text + before.slice(at + text.length);
        }
        const { data } = contentOf(broken.join("\n"), announced);
        const problem = (data as Record<string, string>)[reportKeys.problem];
        if (problem === undefined) expect(data).toEqual(contentOf(tunerLog, announced).data);
        else expect(problem.length).toBeLessThanOrEqual(1024);
      }),
    );
  });
});
