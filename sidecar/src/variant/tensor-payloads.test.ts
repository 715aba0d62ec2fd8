import { describe, expect, it } from "vitest";
import { floatTensor, int64Tensor, onnxModel } from "../../../test/src/builders/onnx-model.ts";
import { tensorPayloads } from "./tensor-payloads.ts";

const shape = ["n"];
const model = onnxModel({
  inputs: [{ name: "x", type: "FP32", shape }],
  outputs: [{ name: "y", type: "FP32", shape }],
  nodes: [
    { op: "Constant", inputs: [], outputs: ["c"], attributes: { value: floatTensor("inner", [2], [5, 6]) } },
    { op: "Add", inputs: ["x", "c"], outputs: ["y"] },
  ],
  initializers: [
    floatTensor("weights", [2, 2], [1, 2, 3, 4]),
    int64Tensor("one", [1], [1]),
    floatTensor("none", [0], []),
  ],
});

describe("the tensors of a model file", () => {
  it("are found among initializers and attributes, where their bytes lie; empty ones are left out", () => {
    const { tensors, external } = tensorPayloads(model);
    expect(external).toBe(false);
    expect(tensors.map(({ name, type, dims }) => ({ name, type, dims }))).toEqual([
      { name: "inner", type: 1, dims: [2] },
      { name: "weights", type: 1, dims: [2, 2] },
      { name: "one", type: 7, dims: [1] },
    ]);
    const contents = tensors.map(({ start, end }) => Buffer.from(model.slice(start, end)));
    expect(contents[0]).toEqual(Buffer.from(new Float32Array([5, 6]).buffer));
    expect(contents[2]).toEqual(Buffer.from(new BigInt64Array([1n]).buffer));
  });

  it("are found in packed float_data too, but not as varints", () => {
    const floats = Buffer.from(new Float32Array([7]).buffer);
    // TensorProto: dims 1, FP32, float_data; and dims 1, INT32, int32_data.
    const typed = Buffer.concat([Buffer.from([0x08, 1, 0x10, 1, 0x22, 4]), floats]);
    const varints = Buffer.from([0x08, 1, 0x10, 6, 0x2a, 1, 9]);
    const initializers = [typed, varints].map((tensor) => Buffer.concat([Buffer.from([0x2a, tensor.length]), tensor]));
    const graph = Buffer.concat(initializers);
    const file = Buffer.concat([Buffer.from([0x3a, graph.length]), graph]);
    const { tensors } = tensorPayloads(file);
    expect(tensors).toHaveLength(1);
    expect(file.subarray(tensors[0]!.start, tensors[0]!.end)).toEqual(floats);
  });

  it("say when weights lie in other files", () => {
    const tensor = Buffer.from([0x08, 1, 0x10, 1, 0x70, 1]);
    const file = Buffer.concat([Buffer.from([0x3a, tensor.length + 2, 0x2a, tensor.length]), tensor]);
    expect(tensorPayloads(file)).toEqual({ tensors: [], external: true });
  });

  it("are not looked for in bytes that end early or are no model", () => {
    for (let length = 5; length < model.length - 8; length += 17) {
      expect(() => tensorPayloads(model.subarray(0, length))).toThrow();
    }
    expect(() => tensorPayloads(Buffer.from("no model"))).toThrow();
  });
});
