import { createHash } from "node:crypto";
import { type IntegerType, type TensorPayload, transpose } from "@sweetspot/sidecar";
import type { Layout } from "./recipe-layouts.ts";
import { turnsOf } from "./recipe-layouts.ts";
import { findMultiplication } from "./recipe-multiply.ts";
import { findQuantization } from "./recipe-quantize.ts";

/** A model file in memory and where its tensors lie. */
export interface ModelTensors {
  /** No `Buffer`: the slices of one share its memory. */
  readonly bytes: Uint8Array;
  readonly tensors: readonly TensorPayload[];
}

interface Computed extends Layout {
  /** Of the weights in the source model, in bytes. */
  readonly offset: number;
  readonly elements: number;
  readonly columns: number | undefined;
  readonly corrections: [index: number, bits: number][];
}

/** How the elements of a tensor come out of the source model. */
export type Derivation =
  | { readonly op: "Copy"; readonly offset: number; readonly bytes: number }
  | (Computed & { readonly op: "Multiply"; readonly factors: Float32Array })
  | (Computed & {
      readonly op: "Quantize";
      readonly type: IntegerType;
      /** A tensor of the variant that holds them, or the numbers themselves. */
      readonly scales: TensorPayload | Float32Array;
      readonly zeroPoints: Int8Array | Uint8Array;
    });

/** Smaller tensors stay as they are: a step costs as much. */
const fewestBytes = 64;
const fewestElements = 256;
const float32 = 1;
const integerTypes: Readonly<Record<number, IntegerType>> = { 2: "UINT8", 3: "INT8" };

/** Finds the derivations of a variant's tensors. Those without one are not in the answer. */
export function findDerivations(source: ModelTensors, variant: ModelTensors): Map<TensorPayload, Derivation> {
  const found = new Map<TensorPayload, Derivation>();
  const find = (tensors: readonly TensorPayload[], derive: (tensor: TensorPayload) => Derivation | null) => {
    for (const tensor of tensors.filter((one) => !found.has(one))) {
      const derivation = derive(tensor);
      if (derivation !== null) found.set(tensor, derivation);
    }
  };
  const copies = variant.tensors.filter(({ start, end }) => end - start >= fewestBytes);
  find(copies, copyFinder(source, variant));
  const large = variant.tensors.filter((tensor) => elementsOf(tensor) >= fewestElements && tensor.dims.length > 1);
  find(large.filter(isFloat), (tensor) => multiplication(source, variant, tensor));
  // A tensor of scales must stay in the file as it is for a step to refer to it.
  const literal = variant.tensors.filter((tensor) => isFloat(tensor) && !found.has(tensor));
  const scales = new Map(literal.map((tensor) => [floatsOf(variant.bytes, tensor), tensor]));
  find(large.filter(isInteger), (tensor) => quantization(source, variant, tensor, scales));
  return found;
}

const elementsOf = ({ dims }: TensorPayload): number => dims.reduce((size, axis) => size * axis, 1);
const isFloat = (tensor: TensorPayload): boolean =>
  tensor.type === float32 && tensor.end - tensor.start === 4 * elementsOf(tensor);
const isInteger = (tensor: TensorPayload): boolean =>
  integerTypes[tensor.type] !== undefined && tensor.end - tensor.start === elementsOf(tensor);

/** A copy: the bytes of a file are aligned to nothing. */
const floatsOf = (bytes: Uint8Array, { start, end }: TensorPayload): Float32Array =>
  new Float32Array(bytes.slice(start, end).buffer as ArrayBuffer);

/** Finds tensors by content: names change where graphs are optimized. */
function copyFinder(source: ModelTensors, variant: ModelTensors): (tensor: TensorPayload) => Derivation | null {
  const keyOf = ({ bytes }: ModelTensors, { start, end }: TensorPayload): string =>
    createHash("sha256").update(bytes.subarray(start, end)).digest("base64");
  const offsets = new Map(source.tensors.map((tensor) => [keyOf(source, tensor), tensor.start]));
  return (tensor) => {
    const offset = offsets.get(keyOf(variant, tensor));
    return offset === undefined ? null : { op: "Copy", offset, bytes: tensor.end - tensor.start };
  };
}

/** Weights of the source as a tensor of the variant may have used them. */
interface View {
  readonly place: { readonly offset: number; readonly elements: number; readonly columns: number | undefined };
  readonly weights: Float32Array;
}

function* viewsFor(source: ModelTensors, target: TensorPayload): Generator<View> {
  const elements = elementsOf(target);
  for (const tensor of source.tensors.filter((one) => isFloat(one) && elementsOf(one) === elements)) {
    for (const columns of turnsOf(tensor.dims, target.dims)) {
      const values = floatsOf(source.bytes, tensor);
      const weights = columns === undefined ? values : transpose(values, columns);
      yield { place: { offset: tensor.start, elements, columns }, weights };
    }
  }
}

function multiplication(source: ModelTensors, variant: ModelTensors, target: TensorPayload): Derivation | null {
  const results = floatsOf(variant.bytes, target);
  for (const { place, weights } of viewsFor(source, target)) {
    const found = findMultiplication(weights, results, target.dims);
    if (found !== null) return { op: "Multiply", ...place, ...found };
  }
  return null;
}

function quantization(
  source: ModelTensors,
  variant: ModelTensors,
  target: TensorPayload,
  known: ReadonlyMap<Float32Array, TensorPayload>,
): Derivation | null {
  const type = integerTypes[target.type] as IntegerType;
  const bytes = variant.bytes.slice(target.start, target.end);
  const results = type === "INT8" ? new Int8Array(bytes.buffer) : bytes;
  for (const { place, weights } of viewsFor(source, target)) {
    const found = findQuantization({ weights, results, type }, target.dims, [...known.keys()]);
    if (found !== null) {
      return { op: "Quantize", ...place, ...found, type, scales: known.get(found.scales) ?? found.scales };
    }
  }
  return null;
}
