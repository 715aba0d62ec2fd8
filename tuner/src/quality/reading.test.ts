import type { Datatype } from "@sweetspot/crds";
import type { Tensor } from "@sweetspot/sidecar";
import { describe, expect, it } from "vitest";
import { numbersOf } from "./numbers.ts";
import { MetricError, readOutputs } from "./reading.ts";

const floats = (shape: number[], values: number[], name = "y"): Tensor => ({
  name,
  datatype: "FP32",
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const longs = (values: number[]): Tensor => ({
  name: "class",
  datatype: "INT64",
  shape: [values.length],
  data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** Scores [1, steps, classes] with the given class on top of each step. */
const steps = (best: number[], classes = 5): Tensor =>
  floats(
    [1, best.length, classes],
    best.flatMap((top) => Array.from({ length: classes }, (_, index) => (index === top ? 0.9 : 0.02))),
  );

describe("numbers of a tensor", () => {
  it("converts FP16, its subnormals and infinities included", () => {
    const data = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00).buffer);
    const numbers = numbersOf({ name: "h", datatype: "FP16", shape: [5], data });
    expect(Array.from(numbers)).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN]);
  });

  it("reads bytes that do not lie on a boundary of their type", () => {
    const data = new Uint8Array(9);
    data.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
    expect(Array.from(numbersOf({ name: "x", datatype: "FP32", shape: [2], data: data.subarray(1) }))).toEqual([
      1.5, -2,
    ]);
  });

  it.each(["INT64", "UINT64"] as Datatype[])("converts %s", (datatype) => {
    expect(Array.from(numbersOf({ ...longs([3, 70_000]), datatype }))).toEqual([3, 70_000]);
  });

  it("refuses strings", () => {
    expect(() => numbersOf({ name: "s", datatype: "BYTES", shape: [0], data: new Uint8Array() })).toThrow(RangeError);
  });
});

describe("a reading", () => {
  it("for cosine similarity keeps the floating-point outputs, and copies them", () => {
    const output = floats([1, 2], [1, 2]);
    const reading = readOutputs("CosineSimilarity", [longs([4]), output]);
    output.data.fill(0);
    expect(reading).toEqual({ kind: "vectors", vectors: [Float64Array.of(1, 2)] });
  });

  it("takes integers where a model answers with classes only", () => {
    expect(readOutputs("Top1Agreement", [longs([4])])).toEqual({ kind: "classes", classes: [4] });
  });

  it("finds the class on top at each position, and none among NaN", () => {
    const scores = floats([1, 2, 3], [0, 3, 1, Number.NaN, 1, 2]);
    expect(readOutputs("LabelAccuracy", [scores])).toEqual({ kind: "classes", classes: [1, -1] });
  });

  it("decodes text: repeats merged, blanks dropped, a letter twice only across a blank", () => {
    expect(readOutputs("TextAgreement", [steps([0, 2, 2, 0, 2, 3, 3, 0, 0, 1])])).toEqual({
      kind: "text",
      classes: [2, 2, 3, 1],
    });
  });

  it("says when the metric cannot judge the outputs", () => {
    expect(() => readOutputs("TextAgreement", [longs([1])])).toThrow(MetricError);
    expect(() => readOutputs("CosineSimilarity", [])).toThrow(/no numeric output/);
  });
});
