import type { Padding } from "@sweetspot/crds";
import { walkStrings } from "../protocol/oip/binary-elements.ts";
import { elementBytes, type Tensor } from "../tensor.ts";
import type { BatchMember } from "./assemble.ts";

/** An output that does not have one row per row of the batch, or does not follow the padded axis. */
export class SplitError extends Error {
  override readonly name = "SplitError";
}

/**
 * Cuts the outputs of a batch into one list per member, in the members' order, and trims padded output axes back to
 * each member's length. Rows are views of the engine's answer, not copies; trimmed ones are copies.
 *
 * `length`: what the members were padded to. A batch of one member is answered as it is. Throws `SplitError`.
 */
export function splitOutputs(
  outputs: readonly Tensor[],
  members: readonly Pick<BatchMember, "rows" | "length">[],
  length: number,
  padding: Padding | undefined,
): Tensor[][] {
  if (members.length === 1) return [[...outputs]];
  const answers: Tensor[][] = members.map(() => []);
  for (const output of outputs) {
    const trimmed = padding?.outputs.find(({ name }) => name === output.name);
    const parts = rowsOf(output, members);
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as Tensor;
      const own = (members[i] as BatchMember).length;
      answers[i]?.push(trimmed === undefined ? part : trim(part, trimmed.axis, length, own));
    }
  }
  return answers;
}

function rowsOf(output: Tensor, members: readonly Pick<BatchMember, "rows">[]): Tensor[] {
  const rows = members.reduce((sum, member) => sum + member.rows, 0);
  if (output.shape[0] !== rows) {
    throw new SplitError(`output ${output.name} has ${output.shape[0]} rows for a batch of ${rows}`);
  }
  const width = elementBytes(output.datatype);
  let offset = 0;
  return members.map((member) => {
    const rest = output.data.subarray(offset);
    const size = width === null ? stringsSize(rest, output, member.rows) : (output.data.length / rows) * member.rows;
    offset += size;
    return { ...output, shape: [member.rows, ...output.shape.slice(1)], data: rest.subarray(0, size) };
  });
}

const stringsSize = (bytes: Uint8Array, { shape }: Tensor, rows: number): number =>
  walkStrings(
    bytes,
    shape.slice(1).reduce((total, size) => total * size, rows),
  ).offset;

function trim(tensor: Tensor, axis: number, length: number, own: number): Tensor {
  if (tensor.shape[axis] !== length) {
    throw new SplitError(`axis ${axis} of output ${tensor.name} is ${tensor.shape[axis]}, not the padded ${length}`);
  }
  if (own === length) return tensor;
  const { shape, data } = tensor;
  const width = elementBytes(tensor.datatype) as number;
  const inner = shape.slice(axis + 1).reduce((total, size) => total * size, width);
  const kept = own * inner;
  const out = Buffer.allocUnsafeSlow((data.length / length) * own);
  for (let from = 0, to = 0; from < data.length; from += length * inner, to += kept) {
    out.set(data.subarray(from, from + kept), to);
  }
  return { ...tensor, shape: shape.with(axis, own), data: out };
}
