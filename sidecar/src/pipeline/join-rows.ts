import { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The outputs of all rows of one request, one list per row, as one list of tensors. Throws `ApiError` where rows of
 * different sizes do not fit into one tensor.
 */
export function joinRows(rows: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = rows;
  if (rows.length === 1) return first;
  return first.map((output, index) =>
    joined(
      rows.map((row) => row[index] as Tensor),
      output,
    ),
  );
}

function joined(parts: readonly Tensor[], { name, datatype, shape }: Tensor): Tensor {
  const rest = shape.slice(1);
  if (
    !parts.every(
      (part) => part.shape.length === shape.length && rest.every((size, axis) => part.shape[axis + 1] === size),
    )
  ) {
    throw new ApiError("UnequalRows", { name });
  }
  const count = parts.reduce((sum, part) => sum + (part.shape[0] ?? 1), 0);
  return { name, datatype, shape: [count, ...rest], data: Buffer.concat(parts.map(({ data }) => data)) };
}
