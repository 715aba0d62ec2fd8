import { elementArrays, type Tensor } from "@sweetspot/sidecar";

type NumberArray = { readonly length: number; readonly [index: number]: number };
/**
 * The elements of a tensor as numbers, FP16 and 64-bit integers converted; a view of the tensor's own bytes where
 * they are aligned. Throws `RangeError` for BYTES.
 */
export function numbersOf({ name, datatype, data }: Tensor): NumberArray {
  if (datatype === "BYTES") throw new RangeError(`output ${name} holds ${datatype}, which cannot be compared`);
  const type = elementArrays[datatype];
  const width = type.BYTES_PER_ELEMENT;
  const bytes = data.byteOffset % width === 0 ? data : new Uint8Array(data);
  const view = new type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / width);
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
