import { quantileOfSorted } from "@sweetspot/planner";

/** Where in the distribution of lengths the table is measured: both ends, and enough between to bend. */
const coarse = [0, 0.5, 0.9, 1];
const fine = [0, 0.25, 0.5, 0.75, 0.9, 1];
const widestGap = 3;

/**
 * Indices of samples whose lengths span the workload, ascending in length and without repeats. A table is measured at
 * lengths that really occur, because a model with several variable axes cannot be asked for any length.
 */
export function representativeSamples(lengths: readonly number[], detail: "Coarse" | "Fine"): number[] {
  const order = lengths.map((_, index) => index).sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
  const sorted = order.map((index) => lengths[index] as number);
  const shares = detail === "Fine" ? fine : coarse;
  const wanted = withoutGaps(
    shares.map((share) => nearest(sorted, quantileOfSorted(sorted, share))),
    sorted,
  );
  const chosen = new Map(wanted.map((position) => [sorted[position], order[position] as number]));
  return [...chosen.values()];
}

/** Cost grows faster than length: between neighbours further apart than a factor of 3 one more is measured. */
function withoutGaps(positions: readonly number[], sorted: readonly number[]): number[] {
  return positions.flatMap((position, i) => {
    const [here, next] = [sorted[position], sorted[positions[i + 1] ?? position]] as [number, number];
    return next / here > widestGap ? [position, nearest(sorted, Math.sqrt(here * next))] : [position];
  });
}

/** A table that is not sure of itself gets so many lengths more. */
const mostRefinements = 3;

/**
 * Indices of samples between the chosen ones, those in the widest gaps first: what to measure where a table predicts shapes that are left
 * out of it badly.
 */
export function refiningSamples(lengths: readonly number[], chosen: readonly number[]): number[] {
  const known = chosen.map((index) => lengths[index] as number).sort((a, b) => a - b);
  const gaps = known.slice(1).map((high, i) => ({ low: known[i] as number, high }));
  const widest = gaps.sort((a, b) => b.high / b.low - a.high / a.low);
  return widest.flatMap(({ low, high }) => insideOf(lengths, low, high)).slice(0, mostRefinements);
}

/** The sample strictly between two lengths that is nearest their geometric mean, where there is one. */
function insideOf(lengths: readonly number[], low: number, high: number): number[] {
  const inside = lengths.flatMap((length, index) => (length > low && length < high ? [index] : []));
  const apart = (index: number) => Math.abs(Math.log((lengths[index] as number) / Math.sqrt(low * high)));
  return inside.toSorted((a, b) => apart(a) - apart(b)).slice(0, 1);
}

function nearest(sorted: readonly number[], value: number): number {
  let best = 0;
  sorted.forEach((candidate, position) => {
    if (Math.abs(candidate - value) < Math.abs((sorted[best] as number) - value)) best = position;
  });
  return best;
}

const rowCounts = [2, 4, 8, 16];
/** A batch that is so much slower per row than a smaller one ends the series. */
const slowerPerRow = 1.1;

/**
 * The next row count to measure at one length, or null when larger batches cannot be useful: they would run for longer
 * than the target (the scheduler caps durations below it), or have become clearly slower per row.
 *
 * `measured`: microseconds by row count so far, ascending, starting with one row.
 */
export function nextRowCount(measured: readonly (readonly [rows: number, time: number])[], targetMicroseconds: number) {
  const perRow = measured.map(([rows, time]) => time / rows);
  const last = perRow.at(-1) as number;
  const next = rowCounts.find((rows) => rows > (measured.at(-1)?.[0] ?? 0));
  if (next === undefined || last > slowerPerRow * Math.min(...perRow)) return null;
  return next * last > targetMicroseconds ? null : next;
}
