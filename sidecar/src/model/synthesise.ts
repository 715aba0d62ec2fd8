import type { InputBounds } from "@sweetspot/crds";
import { elementCount, type Tensor } from "../tensor.ts";
import { encodeNumbers } from "./numbers.ts";
import type { ModelSignature, TensorSpec } from "./signature.ts";

/**
 * One row of inputs that the model can take, in the order of the signature: ids within their bounds, masks (other
 * integers and booleans) all ones, floats uniform in [0, 1), strings empty. A variable axis 0 gets one row, every other
 * variable axis gets `length`. `random` is uniform in [0, 1).
 */
export function synthesiseRow(signature: ModelSignature, length: number, random: () => number): Tensor[] {
  return signature.inputs.map((spec) => {
    const shape = spec.shape.map((size, axis) => resolvedSize(size, axis, length));
    const next = elementSource(spec, signature.inputBounds, random);
    const values = Array.from({ length: elementCount(shape) }, next);
    return { name: spec.name, datatype: spec.datatype, shape, data: encodeNumbers(spec.datatype, values) };
  });
}

function resolvedSize(size: number, axis: number, length: number): number {
  if (size !== -1) return size;
  return axis === 0 ? 1 : length;
}

function elementSource({ name, datatype }: TensorSpec, bounds: readonly InputBounds[], random: () => number) {
  const bound = bounds.find((each) => each.name === name);
  if (bound !== undefined) {
    const values = bound.maximum - bound.minimum + 1;
    return () => bound.minimum + Math.floor(random() * values);
  }
  return datatype.startsWith("FP") ? random : () => 1;
}
