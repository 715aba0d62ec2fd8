/** Size of either buffer: larger than the last-level cache of nearly every CPU, so that the copies really go to memory. */
export const bandwidthBytes = 96 * 1024 * 1024;
const copies = 6;

/**
 * Bytes per second that one thread reads and writes while it copies memory: the best of a few copies, as anything else
 * that runs can only slow one down. The first one only makes the pages present.
 *
 * `now`: a monotonic clock in milliseconds.
 */
export function measureMemoryBandwidth(now: () => number = () => performance.now(), bytes = bandwidthBytes): number {
  const [source, target] = [new Float64Array(bytes / 8).fill(1), new Float64Array(bytes / 8)];
  target.set(source);
  const times = Array.from({ length: copies }, () => {
    const start = now();
    target.set(source);
    return now() - start;
  });
  return (2 * bytes) / (Math.min(...times) / 1000);
}
