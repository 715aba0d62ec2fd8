import type { Embedding } from "@sweetspot/crds";
import { aligned } from "../protocol/oip/binary-elements.ts";
import type { Tensor } from "../tensor.ts";

/** An output that does not have the form which the plan says that it has. */
export class OutputFormError extends Error {
  override readonly name = "OutputFormError";
}

/** The floats of one row, in place where they are aligned. Throws `OutputFormError` for another datatype. */
export function floatsOf({ name, datatype, data }: Tensor): Float32Array {
  if (datatype !== "FP32") throw new OutputFormError(`output ${name} is ${datatype}, not FP32`);
  const { buffer, byteOffset, byteLength } = aligned(data, 4);
  return new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
}

/**
 * One row of the model's output as one vector. `tokens`: how many positions count, the rest is filling; `output` is
 * [1, at least `tokens`, dimensions], or [1, dimensions] with the pooling `None`. Throws `OutputFormError`.
 */
export function poolEmbedding({ pooling, normalise }: Embedding, output: Tensor, tokens: number): Float32Array {
  const values = floatsOf(output);
  const vector = pooling === "None" ? pooled(output, values) : pooledTokens(pooling, output, values, tokens);
  return normalise ? scaled(vector) : vector;
}

function pooled({ name, shape }: Tensor, values: Float32Array): Float32Array {
  if (shape.length !== 2) throw new OutputFormError(`output ${name} has the shape [${shape}], not [rows, dimensions]`);
  return values.slice();
}

function pooledTokens(
  pooling: "Mean" | "Cls" | "LastToken",
  { name, shape }: Tensor,
  values: Float32Array,
  tokens: number,
): Float32Array {
  const [, length = 0, dimensions = 0] = shape;
  if (shape.length !== 3 || length < tokens || tokens < 1) {
    throw new OutputFormError(`output ${name} has the shape [${shape}], not [rows, ${tokens} tokens, dimensions]`);
  }
  if (pooling === "Cls") return values.slice(0, dimensions);
  if (pooling === "LastToken") return values.slice((tokens - 1) * dimensions, tokens * dimensions);
  return mean(values, tokens, dimensions);
}

/** Sums in double precision. */
function mean(values: Float32Array, tokens: number, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  for (let token = 0, at = 0; token < tokens; token += 1) {
    for (let i = 0; i < dimensions; i += 1, at += 1) sums[i] = (sums[i] as number) + (values[at] as number);
  }
  return Float32Array.from(sums, (sum) => sum / tokens);
}

/** To the Euclidean length 1; a vector of zeros stays one. */
function scaled(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  return vector.map((value) => value * factor);
}
