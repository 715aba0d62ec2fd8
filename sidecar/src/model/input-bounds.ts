import type { InputBounds } from "@sweetspot/crds";
import type { OnnxGraph, OnnxNode } from "./onnx-file.ts";

/** Operators that hand on the same numbers, at most in another shape or type. */
const handOn = new Set(["Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape", "Flatten", "Transpose"]);
/** Operators whose result has the shape of their first input; weights pass them before they are looked up. */
const keepShape = new Set(["Cast", "Identity", "DequantizeLinear"]);

/**
 * Bounds of the integer inputs that index a table of known size: an input that reaches the indices of a `Gather` over
 * weights of shape [rows, ...] may hold 0 ... rows - 1. `Gather` itself would also take negative indices, which count
 * from the end; no tokenizer means that. An input that reaches several tables gets the smallest.
 */
export function findInputBounds(graph: OnnxGraph, integerInputs: readonly string[]): InputBounds[] {
  const consumers = consumersByValue(graph);
  const weights = weightShapes(graph);
  return integerInputs.flatMap((name) => {
    const sizes = lookups(name, consumers).map((node) => tableSize(node, weights));
    const known = sizes.filter((size) => size !== null);
    return known.length === 0 ? [] : [{ name, minimum: 0, maximum: Math.min(...known) - 1 }];
  });
}

function consumersByValue(graph: OnnxGraph): Map<string, OnnxNode[]> {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of graph.node) {
    for (const input of new Set(node.input)) consumers.set(input, [...(consumers.get(input) ?? []), node]);
  }
  return consumers;
}

/** The `Gather` nodes whose indices are the values of this input. */
function lookups(input: string, consumers: ReadonlyMap<string, OnnxNode[]>): OnnxNode[] {
  const found: OnnxNode[] = [];
  const reached = new Set([input]);
  // A set hands on what is added while it is walked, and walks nothing twice.
  for (const value of reached) {
    const nodes = consumers.get(value) ?? [];
    found.push(...nodes.filter((node) => node.op_type === "Gather" && node.input[1] === value));
    for (const output of nodes.flatMap((node) => handedOn(node, value))) reached.add(output);
  }
  return found;
}

const handedOn = (node: OnnxNode, value: string): readonly string[] =>
  handOn.has(node.op_type ?? "") && node.input[0] === value ? node.output : [];

/** Shapes of the values that are weights: initializers, constants, and what only retypes or dequantizes these. */
function weightShapes(graph: OnnxGraph): Map<string, readonly number[]> {
  const shapes = new Map(graph.initializer.map(({ name, dims }) => [name ?? "", dims]));
  // Nodes come in topological order, so one pass sees each weight before its consumers.
  for (const node of graph.node) {
    const shape = node.op_type === "Constant" ? constantShape(node) : shapes.get(node.input[0] ?? "");
    const isWeight = node.op_type === "Constant" || keepShape.has(node.op_type ?? "");
    if (isWeight && shape !== undefined) shapes.set(node.output[0] ?? "", shape);
  }
  return shapes;
}

const constantShape = (node: OnnxNode): readonly number[] | undefined =>
  node.attribute.find(({ name }) => name === "value")?.t?.dims;

function tableSize(gather: OnnxNode, weights: ReadonlyMap<string, readonly number[]>): number | null {
  const shape = weights.get(gather.input[0] ?? "");
  const axis = gather.attribute.find(({ name }) => name === "axis")?.i ?? 0;
  const size = shape?.at(axis);
  return size === undefined || size < 1 ? null : size;
}
