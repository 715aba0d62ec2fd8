import { mean, quantile, seededRandom } from "@sweetspot/planner";
import { describeModel, type ModelSignature } from "@sweetspot/sidecar";
import { ocrModels } from "@sweetspot/test";
import { describe, expect, it } from "vitest";
import { synthesise } from "./synthesise.ts";

const encoder: ModelSignature = {
  inputs: ["input_ids", "attention_mask"].map((name) => ({
    name,
    datatype: "INT64",
    shape: [-1, -1],
    symbols: ["batch", "sequence"],
  })),
  outputs: [],
  batchable: true,
  variableAxis: ["input_ids", "attention_mask"].map((name) => ({ name, axis: 1 })),
  inputBounds: [{ name: "input_ids", minimum: 0, maximum: 99 }],
};
const fixed: ModelSignature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3, 8, 8], symbols: [null, null, null, null] }],
  outputs: [],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
};

describe("synthesised inputs", () => {
  it("have the lengths of texts: log-normal with mean 32, at most 128", () => {
    const lengths = synthesise(encoder, 2000, seededRandom(1)).samples.map(({ length }) => length);
    expect(mean(lengths)).toBeGreaterThan(28);
    expect(mean(lengths)).toBeLessThan(34);
    expect(quantile(lengths, 0.5)).toBeLessThan(mean(lengths));
    expect(Math.max(...lengths)).toBe(128);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
  });

  it("have the widths of pictures for a recogniser", async () => {
    const signature = await describeModel(ocrModels.recogniser);
    const { samples } = synthesise(signature, 60, seededRandom(1));
    expect(new Set(samples.map(({ length }) => length))).toEqual(new Set([96, 128, 160, 192, 224, 256, 288, 320]));
    for (const { inputs, length } of samples) expect(inputs[0]?.shape).toEqual([1, 3, 48, length]);
  });

  it("have one shape for a model of fixed shape", () => {
    for (const { inputs, length } of synthesise(fixed, 3, seededRandom(1)).samples) {
      expect(length).toBe(1);
      expect(inputs[0]?.shape).toEqual([1, 3, 8, 8]);
    }
  });

  it("stay within the model's bounds", () => {
    for (const { inputs } of synthesise(encoder, 50, seededRandom(1)).samples) {
      const ids = new BigInt64Array(new Uint8Array(inputs[0]!.data).buffer);
      expect(ids.every((id) => id >= 0n && id <= 99n)).toBe(true);
    }
  });

  it("are labelled so, and the same only for the same seed", () => {
    const [first, again, other] = [1, 1, 2].map((seed) => synthesise(encoder, 5, seededRandom(seed)));
    expect(first).toMatchObject({ source: "Synthesised", labelled: false });
    expect(again?.digest).toBe(first?.digest);
    expect(other?.digest).not.toBe(first?.digest);
  });
});
