/// <reference lib="esnext.float16" />
import type { Datatype } from "@sweetspot/crds";
import type { Tensor } from "@sweetspot/sidecar";

type NumberArray = { readonly length: number; readonly [index: number]: number };
type ArrayType = {
  new (buffer: ArrayBufferLike, offset: number, length: number): ArrayLike<number | bigint>;
  readonly BYTES_PER_ELEMENT: number;
};

const arrays: Partial<Record<Datatype, ArrayType>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/**
 * The elements of a tensor as numbers, FP16 and 64-bit integers converted; a view of the tensor's own bytes where
 * they are aligned. Throws `RangeError` for BYTES.
 */
export function numbersOf({ name, datatype, data }: Tensor): NumberArray {
  const type = arrays[datatype];
  if (type === undefined) throw new RangeError(`output ${name} holds ${datatype}, which cannot be compared`);
  const width = type.BYTES_PER_ELEMENT;
  const bytes = data.byteOffset % width === 0 ? data : new Uint8Array(data);
  const view = new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / width);
  return typeof view[0] === "bigint" ? Float64Array.from(view as ArrayLike<bigint>, Number) : (view as NumberArray);
}

/** Does the tensor hold floating-point numbers? */
export const isFloat = ({ datatype }: Pick<Tensor, "datatype">): boolean => datatype.startsWith("FP");

/** Index of the largest of `count` numbers from `start` on, relative to `start`; -1 where one of them is NaN. */
export function indexOfLargest(numbers: NumberArray, start: number, count: number): number {
  let best = 0;
  for (let index = 0; index < count; index += 1) {
    const value = numbers[start + index] as number;
    if (Number.isNaN(value)) return -1;
    if (value > (numbers[start + best] as number)) best = index;
  }
  return best;
}
