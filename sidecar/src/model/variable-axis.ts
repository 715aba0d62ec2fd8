import type { ModelSignature, TensorSpec } from "./signature.ts";

/**
 * Symbols that exporters number on their own: paddle2onnx and tf2onnx give one and the same axis another number in
 * each input, so that these names say nothing.
 */
const generatedSymbol = /^(\?|unk__\d+|(p2o\.)?DynamicDimension\.\d+|)$/;

/**
 * The one axis besides axis 0 that may differ. Axes are the same if they carry the same symbol; axes without a
 * telling symbol are the same if they stand at the same position. Null also where one input has the axis twice (an
 * L x L mask), or where it is the batch's own symbol: filling up one place would not do.
 */
export function findVariableAxis(inputs: readonly TensorSpec[]): ModelSignature["variableAxis"] {
  const axes = inputs.flatMap(({ name, shape, symbols }) =>
    shape.flatMap((size, axis) => (axis > 0 && size === -1 ? [{ name, axis, key: axisKey(symbols[axis], axis) }] : [])),
  );
  const batchKeys = inputs.map(({ symbols }) => axisKey(symbols[0], 0));
  const keys = new Set(axes.map(({ key }) => key));
  const names = new Set(axes.map(({ name }) => name));
  const clear = keys.size === 1 && names.size === axes.length && !batchKeys.some((key) => keys.has(key));
  return clear ? axes.map(({ name, axis }) => ({ name, axis })) : null;
}

function axisKey(symbol: string | null | undefined, axis: number): string {
  return generatedSymbol.test(symbol ?? "") ? `axis ${axis}` : `symbol ${symbol}`;
}
