import { floatTensor, int64Tensor, type OnnxNode, onnxModel } from "./onnx-model.ts";

export interface WorkingModelOptions {
  /** Layers that every row goes through: time per element of the request. */
  readonly layersPerRow: number;
  /** Layers that a batch goes through once, over its padded length, whatever its rows: what batching saves. */
  readonly layersPerBatch: number;
}

const width = 256;

/**
 * `x` FP32 [batch, length] → `y` FP32 [batch, length], position by position, so that padding changes nothing. A layer is a product
 * with a square matrix of 256: 131,072 floating-point operations per position. The layers per batch stand for what
 * transformers compute of positions alone; their result counts for nothing.
 */
export function workingModel({ layersPerRow, layersPerBatch }: WorkingModelOptions): Uint8Array {
  const shape = ["batch", "length"];
  return onnxModel({
    inputs: [{ name: "x", type: "FP32", shape }],
    outputs: [{ name: "y", type: "FP32", shape }],
    nodes: [
      { op: "Unsqueeze", inputs: ["x", "two"], outputs: ["column"] },
      { op: "MatMul", inputs: ["column", "first"], outputs: ["row0"] },
      ...layers("row", layersPerRow),
      { op: "ReduceMean", inputs: [`row${layersPerRow}`], outputs: ["means"], attributes: { axes: [2], keepdims: 0 } },
      { op: "Shape", inputs: ["x"], outputs: ["sizes"] },
      { op: "Gather", inputs: ["sizes", "one"], outputs: ["positions"] },
      { op: "Concat", inputs: ["positions", "wide"], outputs: ["square"], attributes: { axis: 0 } },
      {
        op: "ConstantOfShape",
        inputs: ["square"],
        outputs: ["batch0"],
        attributes: { value: floatTensor("value", [1], [0.5]) },
      },
      ...layers("batch", layersPerBatch),
      { op: "ReduceMean", inputs: [`batch${layersPerBatch}`], outputs: ["mean"], attributes: { keepdims: 0 } },
      { op: "Mul", inputs: ["mean", "zero"], outputs: ["nothing"] },
      { op: "Add", inputs: ["means", "nothing"], outputs: ["y"] },
    ],
    initializers: [
      int64Tensor("one", [1], [1]),
      int64Tensor("two", [1], [2]),
      int64Tensor("wide", [1], [width]),
      floatTensor("zero", [], [0]),
      floatTensor("first", [1, width], new Array<number>(width).fill(1)),
      floatTensor("weights", [width, width], new Array<number>(width * width).fill(1 / width)),
    ],
  });
}

const layers = (name: string, count: number): OnnxNode[] =>
  Array.from({ length: count }, (_, i) => ({
    op: "MatMul",
    inputs: [`${name}${i}`, "weights"],
    outputs: [`${name}${i + 1}`],
  }));
