import { quantile } from "@sweetspot/planner";

/** Relative spread of repeated times of the same work: p90/p10 - 1. Needs at least one positive time. */
export function noiseOf(times: readonly number[]): number {
  return quantile(times, 0.9) / quantile(times, 0.1) - 1;
}

export interface NoiseOptions {
  /** Timed runs; a tenth as many go before them and are not counted, as caches and clocks warm up. */
  readonly repetitions: number;
  /** A monotonic clock in any unit. */
  readonly now?: () => number;
  /** Stops early; the runs so far count. */
  readonly signal?: AbortSignal;
}

/**
 * The A/A test: runs the same work again and again. Two variants that differ by less than the answer are
 * not told apart by single runs on this machine. Errors of the work pass through. Null when stopped before two runs.
 */
export async function measureNoise(work: () => Promise<unknown>, options: NoiseOptions): Promise<number | null> {
  const now = options.now ?? (() => performance.now());
  const warmUp = Math.ceil(options.repetitions / 10);
  const times: number[] = [];
  for (let run = -warmUp; run < options.repetitions && options.signal?.aborted !== true; run += 1) {
    const start = now();
    await work();
    if (run >= 0) times.push(now() - start);
  }
  return times.length < 2 ? null : noiseOf(times);
}
