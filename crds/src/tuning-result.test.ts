import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "./digest.ts";
import { DocumentError } from "./parse.ts";
import { maximumResultBytes, readTuningResult, type SucceededResult, writeTuningResult } from "./tuning-result.ts";

const samples = join(import.meta.dirname, "..", "samples");
const sample = JSON.parse(readFileSync(join(samples, "TuningResult.json"), "utf8")) as SucceededResult;
const failed = { apiVersion: sample.apiVersion, kind: "TuningResult", state: "Failed" } as const;

describe("a tuning result", () => {
  it("is read as it was written", () => {
    expect(readTuningResult(writeTuningResult(sample))).toEqual(sample);
    const failure = { ...failed, message: "The model file is not ONNX. Check spec.model.file." };
    expect(readTuningResult(writeTuningResult(failure))).toEqual(failure);
  });

  it("names the digest of the plan in the report of the same run", () => {
    const report = JSON.parse(readFileSync(join(samples, "TuningReport.json"), "utf8"));
    expect(sample.planDigest).toBe(digestOf(report.decision.plan));
    expect(sample.questionDigest).toBe(report.questionDigest);
  });

  it("fits a termination message whatever its sentences hold, and keeps its figures", () => {
    const text = fc.string({ minLength: 1, maxLength: 3000, unit: "binary" });
    const hard = fc.constantFrom("\u0001", '"', "\ud83d\ude00", "\ud800", "漢", "\\").map((unit) => unit.repeat(2000));
    const any = fc.oneof(text, hard);
    fc.assert(
      fc.property(any, any, any, any, (message, reason, winner, cpuModel) => {
        const environment = { ...sample.environment, cpuModel };
        const written = writeTuningResult({ ...sample, message, reason, winner, environment });
        expect(Buffer.byteLength(written)).toBeLessThanOrEqual(maximumResultBytes);
        const shortened = { message: expect.any(String), reason: expect.any(String), winner: expect.any(String) };
        expect(readTuningResult(written)).toEqual({
          ...sample,
          ...shortened,
          environment: { ...sample.environment, cpuModel: expect.any(String) },
        });
      }),
      { numRuns: 40 },
    );
  });

  it("marks a sentence that was cut, and never cuts inside a character", () => {
    const message = "\u{1F600}".repeat(400);
    const read = readTuningResult(writeTuningResult({ ...failed, message }));
    expect(read.message).toMatch(/^(\u{1F600})+…$/u);
    expect(read.message.length).toBeLessThanOrEqual(512);
  });

  it("is not written when it does not keep the contract", () => {
    expect(() => writeTuningResult({ ...sample, planDigest: "none" })).toThrow(/planDigest/);
    expect(() => writeTuningResult({ ...failed, message: "" })).toThrow(DocumentError);
  });
});

describe("a hostile termination message", () => {
  it.each([
    ["nothing", "", /not valid JSON/],
    ["text", "Killed", /not valid JSON/],
    [
      "more than the kubelet keeps",
      `{"state":"Failed","message":"${"x".repeat(maximumResultBytes)}"}`,
      /longer than 4096/,
    ],
    ["an unknown state", JSON.stringify({ ...sample, state: "Maybe" }), /state/],
    ["a success without its figures", JSON.stringify({ ...failed, state: "Succeeded", message: "Done." }), /winner/],
    ["an infinite figure", JSON.stringify(sample).replace(":401.9", ":1e999"), /capacityRequestsPerSecond/],
    ["a list", "[]", DocumentError],
    ["a document of another kind", JSON.stringify({ ...sample, kind: "TuningReport" }), /kind/],
  ])("of %s is refused", (_, text, message) => {
    expect(() => readTuningResult(text)).toThrow(message);
  });
});
