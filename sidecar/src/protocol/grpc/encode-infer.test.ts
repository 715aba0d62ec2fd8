import { describe, expect, it } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { encodeInfer } from "./encode-infer.ts";
import { inferResponse } from "./testing/infer-messages.ts";

const tensor = (name: string, shape: number[], ...values: number[]): Tensor => ({
  name,
  datatype: "FP32",
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});

describe("encoding a ModelInferResponse", () => {
  it("gives the requested outputs in their order, all as raw contents", () => {
    const outputs = [tensor("a", [1, 2], 1, 2), tensor("b", [300, 0]), tensor("c", [1], Number.NaN)];
    const response = inferResponse(encodeInfer("model", "7", outputs, [{ name: "c" }, { name: "a" }]));
    expect(response).toMatchObject({ model_name: "model", model_version: "1", id: "7" });
    expect(response.outputs.map(({ name, datatype, shape }) => [name, datatype, ...shape])).toEqual([
      ["c", "FP32", 1],
      ["a", "FP32", 1, 2],
    ]);
    expect(response.outputs.map(({ contents }) => contents)).toEqual([null, null]);
    expect(response.raw_output_contents.map((raw) => Buffer.from(raw))).toEqual(
      [outputs[2]!, outputs[0]!].map(({ data }) => Buffer.from(data)),
    );
  });

  it("has no id for a request without one", () => {
    expect(inferResponse(encodeInfer("model", null, [tensor("a", [0])], [{ name: "a" }])).id).toBe("");
  });
});
