/** Failed runs are tried again after 10 s, 20 s, 40 s, ... and at most half an hour. */
const firstMilliseconds = 10_000;
const longestMilliseconds = 30 * 60_000;

/** Milliseconds from the end of a measurement that failed to the next, after so many failures. */
export const pauseAfter = (failures: number): number =>
  Math.min(longestMilliseconds, firstMilliseconds * 2 ** (failures - 1));
