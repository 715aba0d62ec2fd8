/// <reference lib="esnext.float16" />
import type { Datatype } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | FloatArray;
type FloatArray = Float16Array | Float32Array | Float64Array;

interface NumberArrayType {
  new (buffer: ArrayBufferLike): NumberArray;
  from(values: readonly number[]): NumberArray;
}

const arrays: Record<Exclude<Datatype, "BYTES" | "INT64" | "UINT64">, NumberArrayType> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** The little-endian bytes of these numbers. For `BYTES` each number becomes an empty string. */
export function encodeNumbers(datatype: Datatype, values: readonly number[]): Uint8Array {
  if (datatype === "BYTES") return new Uint8Array(values.length * 4);
  const wide = datatype === "INT64" || datatype === "UINT64";
  return new Uint8Array((wide ? BigInt64Array.from(values, BigInt) : arrays[datatype].from(values)).buffer);
}

/** The elements of a tensor as numbers, exact up to 2^53; null for `BYTES`. */
export function decodeNumbers({ datatype, data }: Tensor): readonly number[] | NumberArray | null {
  if (datatype === "BYTES") return null;
  // A copy starts at offset 0, so it is aligned whatever the tensor's place in its frame.
  const { buffer } = Uint8Array.from(data);
  if (datatype === "INT64") return Array.from(new BigInt64Array(buffer), Number);
  if (datatype === "UINT64") return Array.from(new BigUint64Array(buffer), Number);
  return new arrays[datatype](buffer);
}
