/// <reference lib="esnext.float16" />
import type { Datatype } from "@sweetspot/crds";
import { ApiError } from "../errors.ts";
import { integerArrays } from "./integer-arrays.ts";

type FloatArray = Float16Array | Float32Array | Float64Array;
type IntegerArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

const floats: Partial<Record<Datatype, new (length: number) => FloatArray>> = {
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

const integers: Partial<Record<Datatype, { make: new (length: number) => IntegerArray; low: number; high: number }>> =
  integerArrays;

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/**
 * Brings JSON tensor data into one flat list. The protocol allows it flat or nested exactly as the shape says.
 * `count` is the product of the shape. Throws `ApiError`.
 */
export function flatten(data: unknown, shape: readonly number[], count: number, name: string): readonly unknown[] {
  if (!Array.isArray(data)) throw new ApiError("InvalidField", { field: `data of '${name}'`, expected: "a list" });
  if (data.length === count && !Array.isArray(data[0])) return data;
  const flat: unknown[] = [];
  if (shape.length > 1) appendNested(data, shape, 0, flat);
  if (flat.length !== count) throw wrongCount(name, Array.isArray(data[0]) ? flat.length : data.length, shape, count);
  return flat;
}

/** Depth is bounded by the rank, which is checked before: hostile nesting cannot exhaust the stack. */
function appendNested(data: unknown, shape: readonly number[], axis: number, flat: unknown[]): void {
  if (!Array.isArray(data) || data.length !== shape[axis]) return;
  if (axis < shape.length - 1) for (const item of data) appendNested(item, shape, axis + 1, flat);
  else for (const item of data) flat.push(item);
}

const wrongCount = (name: string, actual: number, shape: readonly number[], expected: number): ApiError =>
  new ApiError("WrongElementCount", { name, actual, shape: shape.join(", "), expected });

const invalid = (name: string, index: number, expected: string): ApiError =>
  new ApiError("InvalidElement", { name, index, expected });

/**
 * Writes JSON values as the little-endian bytes of a tensor. Numbers outside the type's range, fractions in integer
 * tensors and anything that JSON cannot carry exactly are refused with `ApiError`, never rounded.
 */
export function encodeElements(datatype: Datatype, values: readonly unknown[], name: string): Uint8Array {
  const integer = integers[datatype];
  if (integer !== undefined) return encodeIntegers(integer, values, name, datatype);
  const float = floats[datatype];
  if (float !== undefined) return encodeFloats(new float(values.length), values, name, datatype);
  if (datatype === "BOOL") return encodeBooleans(values, name);
  if (datatype === "BYTES") return encodeStrings(values, name);
  return encodeLongs(values, name, datatype === "UINT64");
}

function encodeFloats(out: FloatArray, values: readonly unknown[], name: string, datatype: Datatype): Uint8Array {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== "number") throw invalid(name, i, "a number");
    out[i] = value;
    // JSON cannot say Infinity, but 1e39 becomes it in FP32.
    if (!Number.isFinite(out[i])) throw invalid(name, i, `within the range of ${datatype}`);
  }
  return bytesOf(out);
}

function encodeIntegers(
  { make, low, high }: { make: new (length: number) => IntegerArray; low: number; high: number },
  values: readonly unknown[],
  name: string,
  datatype: Datatype,
): Uint8Array {
  const out = new make(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== "number" || !Number.isInteger(value)) throw invalid(name, i, "an integer");
    if (value < low || value > high) throw invalid(name, i, `within the range of ${datatype} (${low} to ${high})`);
    out[i] = value;
  }
  return bytesOf(out);
}

/** Through 32-bit halves, because one BigInt per element is an order of magnitude slower. */
function encodeLongs(values: readonly unknown[], name: string, unsigned: boolean): Uint8Array {
  const halves = new Uint32Array(values.length * 2);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== "number" || !Number.isInteger(value)) throw invalid(name, i, "an integer");
    if (!Number.isSafeInteger(value)) throw new ApiError("UnsafeInteger", { name, index: i });
    if (unsigned && value < 0) throw invalid(name, i, "within the range of UINT64");
    halves[2 * i] = value;
    halves[2 * i + 1] = Math.floor(value / 4_294_967_296);
  }
  return bytesOf(halves);
}

function encodeBooleans(values: readonly unknown[], name: string): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== "boolean") throw invalid(name, i, "true or false");
    out[i] = value ? 1 : 0;
  }
  return out;
}

/** Each string as its length in four bytes and its UTF-8. */
function encodeStrings(values: readonly unknown[], name: string): Uint8Array {
  let size = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== "string") throw invalid(name, i, "a string");
    size += 4 + Buffer.byteLength(value);
  }
  const out = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for (const value of values as readonly string[]) {
    const length = out.write(value, offset + 4);
    out.writeUInt32LE(length, offset);
    offset += 4 + length;
  }
  return out;
}
