import { mean, median } from "@sweetspot/planner";

const bins = 32;

/**
 * Equally likely factors of observed/median time, pooled over the timings of all cells: the machine's own noise. Each
 * factor is the mean of one bin of the sorted ratios, so that a rare slow run counts by its share and no more.
 */
export function noiseFactors(timings: readonly (readonly number[])[]): number[] {
  const sorted = Float64Array.from(timings.flatMap(relativeToMedian)).sort();
  const count = Math.min(bins, sorted.length);
  return Array.from({ length: count }, (_, i) =>
    mean(sorted.subarray(Math.floor((i * sorted.length) / count), Math.floor(((i + 1) * sorted.length) / count))),
  );
}

function relativeToMedian(times: readonly number[]): number[] {
  const centre = median(times);
  return times.map((time) => time / centre);
}
