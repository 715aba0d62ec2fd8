import { Name } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelNameOf, type TuneOptions, tuneRequestOf } from "./tune-request.ts";

const options: TuneOptions = {
  p99: 50,
  budget: 60,
  task: "Generic",
  maxQualityLoss: 100,
  variants: ["Source"],
  seed: 1,
};

describe("modelNameOf", () => {
  it.each([
    ["models/minilm.onnx", "minilm"],
    ["my model (v2).onnx", "my-model-v2"],
    [".onnx", "onnx"],
    ["___.onnx", "model"],
  ])("names %s %s", (file, expected) => expect(modelNameOf(file)).toBe(expected));

  it("always gives a valid name", () => {
    fc.assert(fc.property(fc.string(), (file) => Name.safeParse(modelNameOf(file)).success));
  });
});

describe("tuneRequestOf", () => {
  it("makes paths absolute and names the results after the model", () => {
    const request = tuneRequestOf("a/b.onnx", { ...options, samples: "s.txt", tokenizer: "t.json" });
    expect(request).toMatchObject({
      modelFile: `${process.cwd()}/a/b.onnx`,
      modelName: "b",
      target: { percentile: "P99", latencyMilliseconds: 50 },
      samplesFile: `${process.cwd()}/s.txt`,
      tokenizerFile: `${process.cwd()}/t.json`,
      outputDirectory: `${process.cwd()}/sweetspot-b`,
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
    });
    expect("requestsPerSecond" in request || "outputs" in request).toBe(false);
  });

  it("takes exactly one latency target", () => {
    const { p99: _, ...none } = options;
    expect(() => tuneRequestOf("m.onnx", none)).toThrow(/no latency target/);
    expect(() => tuneRequestOf("m.onnx", { ...options, p50: 10 })).toThrow(/exactly one/);
    expect(tuneRequestOf("m.onnx", { ...none, p999: 80 }).target.percentile).toBe("P999");
  });

  it("refuses a tokenizer without texts", () => {
    expect(() => tuneRequestOf("m.onnx", { ...options, tokenizer: "t.json" })).toThrow(/--samples/);
  });
});
