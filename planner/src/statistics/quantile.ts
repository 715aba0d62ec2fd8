/** The value at `share` (0 to 1) of ascending values, linear between neighbours. NaN when there are none. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low === high ? low : low + (high - low) * (position - below);
}

/** As `quantileOfSorted`, of values in any order. */
export const quantile = (values: Iterable<number>, share: number): number =>
  quantileOfSorted(Float64Array.from(values).sort(), share);

export const median = (values: Iterable<number>): number => quantile(values, 0.5);

/** Arithmetic mean; NaN when there are none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] as number;
  return sum / values.length;
}
