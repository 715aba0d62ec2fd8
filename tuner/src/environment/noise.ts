import { median, quantile } from "@sweetspot/planner";

/** Relative spread of repeated times of the same work: p90/p10 - 1. Needs at least one positive time. */
export function noiseOf(times: readonly number[]): number {
  return quantile(times, 0.9) / quantile(times, 0.1) - 1;
}

/** Pairs of blocks that the runs are divided into, where there are enough of them. */
const wantedBlocks = 10;
/** Blocks hold a multiple of so many runs: A B B A. */
const round = 4;
const normal95 = 1.96;

/**
 * The A/A test as two interleaved series of the same work: odd and even runs are called A and B, and each block of runs
 * gives one ratio of medians. Two things that are equal differ by less than the answer, 95 % of the time, when they are
 * timed side by side for one block; at least 1. Null with fewer than two blocks.
 *
 * `times`: in the order in which they were run, any unit, positive.
 */
export function noiseFactorOf(times: readonly number[]): number | null {
  const blockRuns = round * Math.max(1, Math.floor(times.length / wantedBlocks / round));
  const blocks = Math.floor(times.length / blockRuns);
  if (blocks < 2) return null;
  const squares = Array.from({ length: blocks }, (_, block) => {
    const runs = times.slice(block * blockRuns, (block + 1) * blockRuns);
    const [a, b] = [0, 1].map((series) => median(runs.filter((_, run) => seriesOf(run) === series)));
    return Math.log((a as number) / (b as number)) ** 2;
  });
  // The true ratio is 1, so its logarithm is spread around 0, which need not be estimated.
  const spread = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / blocks);
  return Math.exp(normal95 * spread);
}

/** A B B A A B B A: a machine that becomes slower all the time slows both series alike. */
const seriesOf = (run: number): number => ((run + 1) >> 1) % 2;

export interface TimingOptions {
  /** Runs go on until both are reached. */
  readonly leastRuns: number;
  readonly milliseconds: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
  /** Stops early; the runs so far count. */
  readonly signal?: AbortSignal;
}

/**
 * Times the same work again and again, in milliseconds. A tenth of the least runs go before and are not counted, as
 * caches and clocks warm up. Errors of the work pass through.
 */
export async function timeRepeatedly(work: () => unknown, options: TimingOptions): Promise<number[]> {
  const { leastRuns, milliseconds, now = () => performance.now(), signal } = options;
  const warmUp = Math.ceil(leastRuns / 10);
  const times: number[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (let run = -warmUp; (run < leastRuns || now() < end) && signal?.aborted !== true; run += 1) {
    if (run === 0) end = now() + milliseconds;
    const start = now();
    await work();
    if (run >= 0) times.push(now() - start);
  }
  return times;
}
