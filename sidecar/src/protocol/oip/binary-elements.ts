import type { Datatype } from "@sweetspot/crds";
import { elementBytes } from "../../tensor.ts";
import { ApiError } from "../errors.ts";

/**
 * Cuts the binary part of a body into tensors, in the order in which the JSON part announces them.
 */
export class BinaryCursor {
  readonly #body: Uint8Array;
  #offset: number;

  /** `offset`: where the binary part begins, that is the length of the JSON part. */
  constructor(body: Uint8Array, offset: number) {
    this.#body = body;
    this.#offset = offset;
  }

  /** The next `size` bytes, for input `name`. Throws `ApiError` where the body is too short. */
  take(size: number, name: string): Uint8Array {
    const end = this.#offset + size;
    if (end > this.#body.length) throw new ApiError("TruncatedBinary", { name });
    const bytes = this.#body.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  /** Throws `ApiError` where bytes are left that no input announced. */
  finish(): void {
    const bytes = this.#body.length - this.#offset;
    if (bytes > 0) throw new ApiError("LeftoverBinary", { bytes });
  }
}

/** The same bytes at an address that a typed array of `width` bytes per element can look at; copied only if needed. */
export function aligned(bytes: Uint8Array, width: number): Uint8Array {
  if (bytes.byteOffset % width === 0) return bytes;
  // Node's pool hands out addresses that are multiples of 8, and does so faster than a typed array's constructor.
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Checks that raw bytes hold exactly `count` elements and gives them aligned. Throws `ApiError`. */
export function binaryElements(datatype: Datatype, bytes: Uint8Array, count: number, name: string): Uint8Array {
  const width = elementBytes(datatype);
  if (width === null) return checkStrings(bytes, count, name);
  if (bytes.length !== count * width) {
    throw new ApiError("WrongByteCount", { name, actual: bytes.length, expected: count * width });
  }
  if (datatype === "BOOL") checkBooleans(bytes, name);
  return aligned(bytes, width);
}

function checkBooleans(bytes: Uint8Array, name: string): void {
  const index = bytes.findIndex((byte) => byte > 1);
  if (index >= 0) throw new ApiError("InvalidElement", { name, index, expected: "0 or 1" });
}

/** `BYTES` elements: a little-endian length of four bytes before each. */
function checkStrings(bytes: Uint8Array, count: number, name: string): Uint8Array {
  const { offset, elements } = walkStrings(bytes, count);
  if (elements !== count || offset !== bytes.length) {
    throw new ApiError("InvalidField", {
      field: `data of '${name}'`,
      expected: `${count} strings, each after its length in four bytes`,
    });
  }
  return bytes;
}

/** Steps over at most `count` length-prefixed elements that lie wholly inside `bytes`. */
export function walkStrings(bytes: Uint8Array, count: number): { offset: number; elements: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  let elements = 0;
  while (elements < count && offset + 4 <= bytes.length) {
    const next = offset + 4 + view.getUint32(offset, true);
    if (next > bytes.length) break;
    offset = next;
    elements += 1;
  }
  return { offset, elements };
}
