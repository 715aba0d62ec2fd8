import { describe, expect, it } from "vitest";
import {
  embeddingModel,
  floatTensor,
  type OnnxNode,
  type OnnxTensor,
  onnxModel,
} from "../../../test/src/builders/onnx-model.ts";
import { findInputBounds } from "./input-bounds.ts";
import { decodeOnnxGraph } from "./onnx-file.ts";

const weights = (name: string, dims: readonly number[]): OnnxTensor => ({ ...floatTensor(name, dims, []), dims });

function boundsOf(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[]) {
  const graph = onnxModel({
    inputs: [{ name: "ids", type: "INT64", shape: ["N", "L"] }],
    outputs: [{ name: "y", type: "FP32", shape: ["N"] }],
    nodes,
    initializers,
  });
  return findInputBounds(decodeOnnxGraph(graph), ["ids"]);
}

const node = (op: string, inputs: string[], output: string, attributes?: OnnxNode["attributes"]): OnnxNode => ({
  op,
  inputs,
  outputs: [output],
  ...(attributes === undefined ? {} : { attributes }),
});

describe("the bounds of an input", () => {
  it("follow from the table that it indexes, and a mask has none", () => {
    const graph = decodeOnnxGraph(embeddingModel({ vocabulary: 30 }));
    expect(findInputBounds(graph, ["ids", "mask"])).toEqual([{ name: "ids", minimum: 0, maximum: 29 }]);
  });

  it("are found through operators that hand the ids on", () => {
    const chain = ["Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape"];
    const nodes = chain.map((op, index) => node(op, [index === 0 ? "ids" : `v${index}`], `v${index + 1}`));
    const bounds = boundsOf([...nodes, node("Gather", ["table", `v${chain.length}`], "y")], [weights("table", [9, 2])]);
    expect(bounds).toEqual([{ name: "ids", minimum: 0, maximum: 8 }]);
  });

  it("are not found through operators that change the ids", () => {
    const nodes = [node("Add", ["ids", "ids"], "sum"), node("Gather", ["table", "sum"], "y")];
    expect(boundsOf(nodes, [weights("table", [9, 2])])).toEqual([]);
  });

  it.each([
    [1, 4],
    [-1, 6],
  ])("count along axis %i of the table", (axis, maximum) => {
    const gather = node("Gather", ["table", "ids"], "y", { axis });
    expect(boundsOf([gather], [weights("table", [9, 5, 7].slice(0, axis === 1 ? 2 : 3))])[0]?.maximum).toBe(maximum);
  });

  it("are the smallest of several tables", () => {
    const nodes = ["a", "b"].map((table) => node("Gather", [table, "ids"], `y${table}`));
    const bounds = boundsOf(nodes, [weights("a", [9, 2]), weights("b", [3, 2])]);
    expect(bounds[0]?.maximum).toBe(2);
  });

  it("see through a quantized table and a constant one", () => {
    const quantized = [node("DequantizeLinear", ["packed", "scale"], "table"), node("Gather", ["table", "ids"], "y")];
    expect(boundsOf(quantized, [weights("packed", [9, 2]), weights("scale", [])])[0]?.maximum).toBe(8);
    const constant = [
      node("Constant", [], "table", { value: weights("", [6, 2]) }),
      node("Gather", ["table", "ids"], "y"),
    ];
    expect(boundsOf(constant, [])[0]?.maximum).toBe(5);
  });

  it("do not come from a Gather that picks from the input or from a computed table", () => {
    const nodes = [
      node("Gather", ["ids", "table"], "picked"),
      node("Shape", ["ids"], "shape"),
      node("Gather", ["shape", "ids"], "y"),
    ];
    expect(boundsOf(nodes, [weights("table", [9])])).toEqual([]);
  });
});
