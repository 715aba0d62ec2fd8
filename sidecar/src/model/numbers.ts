import type { Datatype } from "@sweetspot/crds";
import { elementArrays, type Tensor } from "../tensor.ts";

type NumberArray = InstanceType<(typeof elementArrays)[Exclude<keyof typeof elementArrays, "INT64" | "UINT64">]>;

/** The little-endian bytes of these numbers. For `BYTES` each number becomes an empty string. */
export function encodeNumbers(datatype: Datatype, values: readonly number[]): Uint8Array {
  if (datatype === "BYTES") return new Uint8Array(values.length * 4);
  const wide = datatype === "INT64" || datatype === "UINT64";
  return new Uint8Array((wide ? BigInt64Array.from(values, BigInt) : elementArrays[datatype].from(values)).buffer);
}

/** The elements of a tensor as numbers, exact up to 2^53; null for `BYTES`. */
export function decodeNumbers({ datatype, data }: Tensor): readonly number[] | NumberArray | null {
  if (datatype === "BYTES") return null;
  // A copy starts at offset 0, so it is aligned whatever the tensor's place in its frame.
  const { buffer } = Uint8Array.from(data);
  if (datatype === "INT64") return Array.from(new BigInt64Array(buffer), Number);
  if (datatype === "UINT64") return Array.from(new BigUint64Array(buffer), Number);
  return new elementArrays[datatype](buffer);
}
