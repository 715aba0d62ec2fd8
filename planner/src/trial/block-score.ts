/** A latency counts for at most so many times the target: beyond, all are as bad as a refusal. */
export const mostTargets = 4;

/** What one request adds to the score of its block; null for one that was refused or failed. Latency and target in one unit. */
export const countedLatency = (latency: number | null, target: number): number =>
  Math.min(latency ?? Number.POSITIVE_INFINITY, mostTargets * target);

/**
 * What a block counts for: the mean of its latencies, each at most four times the target; refused and failed requests count as
 * that much. One unit for all, smaller is better. Null without requests.
 */
export function blockScore(latencies: readonly number[], failed: number, target: number): number | null {
  const count = latencies.length + failed;
  if (count === 0) return null;
  const answered = latencies.reduce((sum, latency) => sum + countedLatency(latency, target), 0);
  return (answered + failed * countedLatency(null, target)) / count;
}
