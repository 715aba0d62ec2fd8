import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Datatype } from "@sweetspot/crds";

/**
 * Writes small ONNX models by hand (https://onnx.ai/onnx/repo-docs/IR.html): the protobuf wire format needs a dozen
 * lines, and a writer that shares nothing with the product's reader checks it independently.
 */

/** A graph input or output. Axes: a size, a symbol, or null where the file names nothing; no `shape`: unknown rank. */
export interface OnnxValue {
  readonly name: string;
  readonly type: Datatype;
  readonly shape?: readonly (number | string | null)[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: Datatype;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers, lists of integers and tensors: what the operators here need. */
  readonly attributes?: Readonly<Record<string, number | readonly number[] | OnnxTensor>>;
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly OnnxTensor[];
}

const elementTypes: Record<Datatype, number> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
};
const attributeTypes = { integer: 2, tensor: 4, integers: 7 };

/** The bytes of an ONNX file, opset 13. */
export function onnxModel(graph: OnnxGraph): Uint8Array {
  const body = [
    ...graph.nodes.map((node) => message(1, nodeProto(node))),
    text(2, "graph"),
    ...(graph.initializers ?? []).map((tensor) => message(5, tensorProto(tensor))),
    ...graph.inputs.map((value) => message(11, valueProto(value))),
    ...graph.outputs.map((value) => message(12, valueProto(value))),
  ];
  return Buffer.concat([integer(1, 7), message(7, body), message(8, [integer(2, 13)])]);
}

/**
 * Writes a model under the system's temporary folder and gives its path. Equal models share one file, so that repeated
 * runs leave no trail; the file must not be changed.
 */
export async function writeOnnx(bytes: Uint8Array): Promise<string> {
  const folder = join(tmpdir(), "sweetspot-test-models");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}.onnx`);
  // Written aside and renamed: a test in another process may be reading the same file.
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, bytes);
  await rename(aside, file);
  return file;
}

export function floatTensor(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, type: "FP32", dims, data: new Uint8Array(new Float32Array(values).buffer) };
}

export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, type: "INT64", dims, data: new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer) };
}

/** `y = f(x)` for each element of `x` [batch, length]; `Identity` runs on every datatype, strings included. */
export function elementwiseModel(type: Datatype = "FP32", op = "Identity"): Uint8Array {
  const shape = ["batch", "length"];
  return onnxModel({
    inputs: [{ name: "x", type, shape }],
    outputs: [{ name: "y", type, shape }],
    nodes: [{ op, inputs: ["x"], outputs: ["y"] }],
  });
}

export interface EmbeddingModelOptions {
  readonly vocabulary?: number;
  readonly width?: number;
  /** With a mask padding changes nothing; without one the padded positions count. */
  readonly masked?: boolean;
}

/**
 * A sentence encoder in miniature: `ids` (and `mask`) INT64 [batch, sequence] → `hidden` FP32 [batch, sequence, width]
 * by `Gather` and `Mul`, and `embedding` FP32 [batch, width], the sum over the sequence. Ids outside the vocabulary
 * make the engine fail.
 */
export function embeddingModel(options: EmbeddingModelOptions = {}): Uint8Array {
  const { vocabulary = 16, width = 4, masked = true } = options;
  const values = Array.from({ length: vocabulary * width }, (_, index) => ((index * 7) % 13) + 1);
  const sequence = ["batch", "sequence"];
  const mask: OnnxNode[] = [
    { op: "Cast", inputs: ["mask"], outputs: ["weights"], attributes: { to: elementTypes.FP32 } },
    { op: "Unsqueeze", inputs: ["weights", "last"], outputs: ["column"] },
    { op: "Mul", inputs: ["looked", "column"], outputs: ["hidden"] },
  ];
  return onnxModel({
    inputs: ["ids", ...(masked ? ["mask"] : [])].map((name) => ({ name, type: "INT64", shape: sequence })),
    outputs: [
      { name: "hidden", type: "FP32", shape: [...sequence, width] },
      { name: "embedding", type: "FP32", shape: ["batch", width] },
    ],
    nodes: [
      { op: "Gather", inputs: ["table", "ids"], outputs: ["looked"] },
      ...(masked ? mask : [{ op: "Identity", inputs: ["looked"], outputs: ["hidden"] }]),
      { op: "ReduceSum", inputs: ["hidden", "one"], outputs: ["embedding"], attributes: { keepdims: 0 } },
    ],
    initializers: [
      floatTensor("table", [vocabulary, width], values),
      int64Tensor("last", [1], [2]),
      int64Tensor("one", [1], [1]),
    ],
  });
}

/**
 * `work` INT64 [batch, 1] → `y` FP32 [batch, 1], the same numbers. On the way two square matrices of the greatest number in the
 * batch are multiplied: a few do no harm, and one in the thousands keeps its engine busy for many seconds.
 */
export function stallingModel(): Uint8Array {
  const shape = ["batch", 1];
  return onnxModel({
    inputs: [{ name: "work", type: "INT64", shape }],
    outputs: [{ name: "y", type: "FP32", shape }],
    nodes: [
      { op: "ReduceMax", inputs: ["work"], outputs: ["most"], attributes: { axes: [0, 1], keepdims: 0 } },
      { op: "Reshape", inputs: ["most", "single"], outputs: ["side"] },
      { op: "Concat", inputs: ["side", "side"], outputs: ["square"], attributes: { axis: 0 } },
      {
        op: "ConstantOfShape",
        inputs: ["square"],
        outputs: ["matrix"],
        attributes: { value: floatTensor("value", [1], [0.5]) },
      },
      { op: "MatMul", inputs: ["matrix", "matrix"], outputs: ["product"] },
      { op: "ReduceMean", inputs: ["product"], outputs: ["mean"], attributes: { axes: [0, 1], keepdims: 0 } },
      { op: "Mul", inputs: ["mean", "zero"], outputs: ["nothing"] },
      { op: "Cast", inputs: ["work"], outputs: ["numbers"], attributes: { to: elementTypes.FP32 } },
      { op: "Add", inputs: ["numbers", "nothing"], outputs: ["y"] },
    ],
    initializers: [int64Tensor("single", [1], [1]), floatTensor("zero", [], [0])],
  });
}

function nodeProto(node: OnnxNode): Uint8Array[] {
  return [
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => message(5, attributeProto(name, value))),
  ];
}

function attributeProto(name: string, value: number | readonly number[] | OnnxTensor): Uint8Array[] {
  if (typeof value === "number") return [text(1, name), integer(3, value), integer(20, attributeTypes.integer)];
  if ("dims" in value) return [text(1, name), message(5, tensorProto(value)), integer(20, attributeTypes.tensor)];
  return [text(1, name), ...value.map((item) => integer(8, item)), integer(20, attributeTypes.integers)];
}

function tensorProto(tensor: OnnxTensor): Uint8Array[] {
  return [
    ...tensor.dims.map((size) => integer(1, size)),
    integer(2, elementTypes[tensor.type]),
    text(8, tensor.name),
    bytes(9, tensor.data),
  ];
}

function valueProto(value: OnnxValue): Uint8Array[] {
  const dimension = (size: number | string | null): Uint8Array[] => {
    if (size === null) return [];
    return [typeof size === "number" ? integer(1, size) : text(2, size)];
  };
  const shape = value.shape?.map((size) => message(1, dimension(size)));
  const tensorType = [integer(1, elementTypes[value.type]), ...(shape ? [message(2, shape)] : [])];
  return [text(1, value.name), message(2, [message(1, tensorType)])];
}

/** Protobuf's base-128 integers; negative ones are written as their 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...digits, Number(rest)]);
}

const integer = (field: number, value: number): Uint8Array => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([varint(field * 8 + 2), varint(content.byteLength), content]);
const text = (field: number, content: string): Uint8Array => bytes(field, Buffer.from(content));
const message = (field: number, parts: readonly Uint8Array[]): Uint8Array => bytes(field, Buffer.concat(parts));
