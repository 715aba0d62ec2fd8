/// <reference lib="esnext.float16" />
import type { Datatype } from "@sweetspot/crds";

/** A dense tensor as it crosses the wire and the engine's socket: little-endian, row-major bytes. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Sizes of all axes; axis 0 counts the rows of a batchable model. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const widths: Record<Exclude<Datatype, "BYTES">, number> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
};

/** Bytes of one element; `BYTES` elements have no fixed width and give `null`. */
export const elementBytes = (datatype: Datatype): number | null => (datatype === "BYTES" ? null : widths[datatype]);

/** Number of elements of a shape; 1 for a scalar. Exact up to 2^53, which validation guards. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The typed array that holds the elements of each datatype; 64-bit integers are BigInts. */
export const elementArrays = {
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
} as const satisfies Record<Exclude<Datatype, "BYTES">, unknown>;
