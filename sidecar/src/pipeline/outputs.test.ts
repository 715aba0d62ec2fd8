import type { Classification, Embedding } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import { joinRows } from "./join-rows.ts";
import { makeOutputs, modelOutputs } from "./make-outputs.ts";
import { OutputFormError, poolEmbedding } from "./pool-embedding.ts";
import { topClasses } from "./top-classes.ts";

const floats = (shape: readonly number[], values: readonly number[], name = "hidden"): Tensor => ({
  name,
  datatype: "FP32",
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const embedding = (change: Partial<Embedding> = {}): Embedding => ({
  name: "vector",
  output: "hidden",
  pooling: "Mean",
  normalise: false,
  ...change,
});
/** Two tokens and one that is only filling, two dimensions. */
const hidden = floats([1, 3, 2], [1, 2, 3, 6, 100, 100]);

describe("pooling", () => {
  it.each([
    ["Mean", [2, 4]],
    ["Cls", [1, 2]],
    ["LastToken", [3, 6]],
  ] as const)("%s looks at tokens and never at filling", (pooling, expected) => {
    expect([...poolEmbedding(embedding({ pooling }), hidden, 2)]).toEqual(expected);
  });

  it("None takes what the model has pooled itself", () => {
    expect([...poolEmbedding(embedding({ pooling: "None" }), floats([1, 2], [3, 4]), 9)]).toEqual([3, 4]);
  });

  it("scales to the length 1, and leaves zeros alone", () => {
    const scaled = embedding({ pooling: "None", normalise: true });
    const [first, second] = poolEmbedding(scaled, floats([1, 2], [3, 4]), 1);
    expect([first, second]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect([...poolEmbedding(scaled, floats([1, 2], [0, 0]), 1)]).toEqual([0, 0]);
  });

  it("refuses an output of another form than the plan says", () => {
    expect(() => poolEmbedding(embedding(), floats([1, 2], [3, 4]), 1)).toThrow(OutputFormError);
    expect(() => poolEmbedding(embedding(), hidden, 4)).toThrow(OutputFormError);
    expect(() => poolEmbedding(embedding({ pooling: "None" }), hidden, 2)).toThrow(OutputFormError);
    expect(() => poolEmbedding(embedding(), { ...hidden, datatype: "FP16" }, 2)).toThrow(OutputFormError);
  });
});

describe("the best classes", () => {
  const classes = (change: Partial<Classification> = {}): Classification => ({
    name: "classes",
    output: "scores",
    topK: 2,
    softmax: false,
    ...change,
  });
  const scores = floats([1, 4], [0.5, 3, -1, 3], "scores");

  it("come best first, and equal ones by index", () => {
    expect(topClasses(classes(), scores, null)).toEqual(["3.000000:1", "3.000000:3"]);
    expect(topClasses(classes({ topK: 9 }), scores, null)).toHaveLength(4);
  });

  it("carry labels where the plan has them", () => {
    expect(topClasses(classes({ topK: 3 }), scores, ["cat", "dog", "eel"])).toEqual([
      "3.000000:1:dog",
      "3.000000:3",
      "0.500000:0:cat",
    ]);
  });

  it("can be probabilities, without overflow", () => {
    const huge = floats([1, 2], [1000, 1000], "scores");
    expect(topClasses(classes({ softmax: true }), huge, null)).toEqual(["0.500000:0", "0.500000:1"]);
  });

  it("are answered as strings under the name of the plan", () => {
    const [output] = makeOutputs(
      { threads: 1, classification: classes({ topK: 1 }) },
      ["classes"],
      { outputs: [scores], tokens: 0 },
      null,
    );
    expect(output).toMatchObject({ name: "classes", datatype: "BYTES", shape: [1, 1] });
    expect(Buffer.from(output?.data ?? []).toString("latin1")).toBe("\n\0\0\u00003.000000:1");
    expect(modelOutputs({ threads: 1, classification: classes() }, ["classes", "scores", "other"])).toEqual([
      "scores",
      "other",
    ]);
  });
});

describe("rows of one request", () => {
  it("become one tensor, in order", () => {
    const [joined] = joinRows([[floats([1, 2], [1, 2])], [floats([1, 2], [3, 4])]]);
    expect(joined).toMatchObject({ shape: [2, 2], datatype: "FP32" });
    expect([...new Float32Array(new Uint8Array(joined?.data ?? []).buffer)]).toEqual([1, 2, 3, 4]);
  });

  it("of different sizes are refused by the name of the output", () => {
    const rows = [[floats([1, 2], [1, 2])], [floats([1, 3], [3, 4, 5])]];
    expect(() => joinRows(rows)).toThrow(ApiError);
    expect(() => joinRows(rows)).toThrow(/'hidden'/);
  });
});
