import type { CostTable, Drift, Stalls } from "@sweetspot/crds";
import { mean, median, quantile } from "@sweetspot/planner";

/** Unsteadiness of a machine as the simulator draws it. */
export type MachineNoise = Pick<CostTable, "noiseFactors" | "stalls" | "drift">;

const mostFactors = 64;
const mostStalls = 64;
/** A timing that exceeds its median by more than this share of it, and by more than a time slice of the kernel, was interrupted. */
const stallShare = 0.5;
const leastStallMicroseconds = 2000;
/** Over a minute of constant work on a virtual machine with neighbours, speeds a second apart resembled each other little (0.3). */
const secondsOfOneSpeed = 1;
/** Fewer say nothing of how speeds are distributed. */
const fewestSpeeds = 8;

/**
 * The machine's noise from the timings (microseconds) of all cells: factors on the time of a batch, and interruptions. What exceeds the
 * median by far was interrupted, for a time that does not depend on the batch; what remains are factors, pooled over the
 * cells, each relative to its own median.
 *
 * Each factor is the mean of one bin of the sorted ratios, so that a slow run counts by its share and no more.
 *
 * `references` are times, in any unit, of the same work done again and again between the cells: how the machine's speed wanders.
 */
export function machineNoise(
  timings: readonly (readonly number[])[],
  references: readonly (readonly number[])[] = [],
): MachineNoise {
  const ratios: number[] = [];
  const excesses: Excess[] = [];
  let total = 0;
  for (const times of timings) {
    const centre = median(times);
    for (const time of times) {
      total += time;
      const excess = time - centre;
      if (excess > Math.max(leastStallMicroseconds, stallShare * centre)) excesses.push({ excess, centre });
      else ratios.push(time / centre);
    }
  }
  const stalls = stallsOf(interruptionsOf(excesses, median(timings.map(median))), total);
  const drift = driftOf(references);
  return {
    noiseFactors: binned(ratios, mostFactors),
    ...(stalls === undefined ? {} : { stalls }),
    ...(drift === undefined ? {} : { drift }),
  };
}

/**
 * The quick quarter of each reference tells the speed, because it was not interrupted. What one reference saw and the next did not has
 * not lasted: of the scatter of their logarithms only the share counts by which neighbours agree. On average nothing, because the
 * cells were timed at the same speeds.
 */
function driftOf(references: readonly (readonly number[])[]): Drift | undefined {
  if (references.length < fewestSpeeds) return undefined;
  const speeds = references.map((times) => Math.log(quantile(times, 0.25)));
  const agreement = Math.sqrt(Math.max(0, lagOneCorrelation(speeds)));
  if (agreement === 0) return undefined;
  const average = mean(speeds);
  const factors = speeds.map((speed) => Math.exp(agreement * (speed - average)));
  const middle = mean(factors);
  return {
    seconds: secondsOfOneSpeed,
    factors: binned(
      factors.map((factor) => factor / middle),
      mostFactors,
    ),
  };
}

/** How much each value says of the next one, from -1 to 1; 0 where all are equal. */
function lagOneCorrelation(values: readonly number[]): number {
  const average = mean(values);
  const deviations = values.map((value) => value - average);
  const square = deviations.reduce((sum, deviation) => sum + deviation ** 2, 0);
  const product = deviations.slice(1).reduce((sum, deviation, i) => sum + deviation * (deviations[i] as number), 0);
  return square === 0 ? 0 : product / square;
}

/** What a run took longer than its cell's median, microseconds both. */
interface Excess {
  readonly excess: number;
  readonly centre: number;
}

/** Of the interruptions of short batches, which meet one at a time, nearly all are no longer than one such. */
const usualShare = 0.9;

/**
 * Single interruptions. A short batch meets one or none; what a long one lost is several of those in a row, each about as long as
 * short batches know them. Taken for one, it would hold up a short request for longer than anything does that the machine was seen to do.
 */
function interruptionsOf(excesses: readonly Excess[], shortUntil: number): number[] {
  const short = excesses.filter(({ centre }) => centre <= shortUntil).map(({ excess }) => excess);
  const usual = quantile(short, usualShare);
  return excesses.flatMap(({ excess }) => {
    const count = short.length === 0 ? 1 : Math.max(1, Math.round(excess / usual));
    return new Array<number>(count).fill(excess / count);
  });
}

const stallsOf = (excesses: readonly number[], totalMicroseconds: number): Stalls | undefined =>
  excesses.length === 0
    ? undefined
    : { perSecond: (1e6 * excesses.length) / totalMicroseconds, microseconds: binned(excesses, mostStalls) };

/** Means of equal parts of the sorted values, ascending. */
function binned(values: readonly number[], most: number): number[] {
  const sorted = Float64Array.from(values).sort();
  const count = Math.min(most, sorted.length);
  return Array.from({ length: count }, (_, i) =>
    mean(sorted.subarray(Math.floor((i * sorted.length) / count), Math.floor(((i + 1) * sorted.length) / count))),
  );
}
