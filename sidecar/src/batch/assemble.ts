import type { Datatype, Padding } from "@sweetspot/crds";
import { encodeNumbers } from "../model/numbers.ts";
import { elementBytes, type Tensor } from "../tensor.ts";

/** One request as a part of a batch. */
export interface BatchMember {
  /** In the order of the model's signature. */
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  readonly length: number;
}

export interface AssembledBatch {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** What every member is padded to. */
  readonly length: number;
}

/**
 * Concatenates the rows of requests of one group, each filled up to the longest where the plan permits padding. A batch
 * of one request is that request's own tensors, without a copy.
 */
export function assembleBatch(members: readonly BatchMember[], padding: Padding | undefined): AssembledBatch {
  const [first] = members;
  if (first === undefined) throw new Error("a batch has at least one request");
  if (members.length === 1) return first;
  const rows = members.reduce((sum, member) => sum + member.rows, 0);
  const length = members.reduce((longest, member) => Math.max(longest, member.length), 0);
  const even = members.every((member) => member.length === length);
  const inputs = first.inputs.map((tensor, index) => {
    const parts = members.map((member) => member.inputs[index] as Tensor);
    const padded = even ? undefined : padding?.inputs.find((input) => input.name === tensor.name);
    return padded === undefined ? concatenate(parts, rows) : concatenatePadded(parts, rows, length, padded);
  });
  return { inputs, rows, length };
}

function concatenate(parts: readonly Tensor[], rows: number): Tensor {
  const { name, datatype, shape } = parts[0] as Tensor;
  const size = parts.reduce((sum, part) => sum + part.data.length, 0);
  const data = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { name, datatype, shape: [rows, ...shape.slice(1)], data };
}

/**
 * Seen from the padded axis, a tensor is `outer` blocks of `size x inner` bytes; each block is copied and the rest of
 * its place is filled with the pad value.
 */
function concatenatePadded(
  parts: readonly Tensor[],
  rows: number,
  length: number,
  { axis, value }: Padding["inputs"][number],
): Tensor {
  const { name, datatype, shape } = parts[0] as Tensor;
  const width = elementBytes(datatype) as number;
  const inner = product(shape.slice(axis + 1)) * width;
  const block = length * inner;
  const data = Buffer.allocUnsafeSlow(rows * product(shape.slice(1, axis)) * block);
  const pattern = scalarBytes(datatype, value);
  let offset = 0;
  for (const part of parts) {
    const size = (part.shape[axis] as number) * inner;
    for (let from = 0; from < part.data.length; from += size) {
      data.set(part.data.subarray(from, from + size), offset);
      if (size < block) data.fill(pattern, offset + size, offset + block);
      offset += block;
    }
  }
  return { name, datatype, shape: [rows, ...shape.slice(1)].with(axis, length), data };
}

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);

/** The little-endian bytes of one number. Throws for `BYTES`, which no plan may pad. */
export function scalarBytes(datatype: Datatype, value: number): Uint8Array {
  if (datatype === "BYTES") throw new Error("BYTES tensors have no pad value");
  return encodeNumbers(datatype, [value]);
}
