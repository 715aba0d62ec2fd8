/** No batch counts as hung before the first, whatever its deadline, nor is waited for longer than the second on its account. */
const leastLimitMilliseconds = { ever: 500, usual: 2_000 } as const;
const unmeasuredLimitMilliseconds = 60_000;
const limitFactor = 20;

/**
 * After how many milliseconds a batch counts as hung. Far beyond what a slow neighbour explains: a hung engine costs its batch, a false
 * alarm costs it too. Yet half of the time that is left is kept for trying again.
 *
 * `predicted`: microseconds by the cost table, null without one. `left`: microseconds until its earliest deadline. `inFlight`: batches that
 * one engine has at the same time.
 */
export function batchLimitMilliseconds(predicted: number | null, left: number, inFlight: number): number {
  if (predicted === null) return unmeasuredLimitMilliseconds * inFlight;
  const { ever, usual } = leastLimitMilliseconds;
  const least = Math.max(ever, Math.min(usual, left / 2000));
  return Math.max(least, (limitFactor * predicted) / 1000) * inFlight;
}
