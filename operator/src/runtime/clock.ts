/**
 * Time as the runtime sees it. Tests use virtual time; nothing in this folder reads a global clock.
 *
 * `now` is monotonic: it never jumps with the wall clock, and it goes on while the process is stopped by a signal.
 */
export interface Clock {
  /** Milliseconds from an arbitrary start, monotonic. */
  now(): number;
  /** Milliseconds since the epoch, for timestamps that people and other processes read. Never for durations. */
  wallTime(): number;
  /** Runs `callback` once, `milliseconds` from now. Returns what cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `milliseconds`, or at once when `signal` aborts. Never rejects: the caller looks at the signal. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Wall time in the format of `metav1.MicroTime`: Lease and Event refuse milliseconds. */
export function microTime(wallTime: number): string {
  return new Date(wallTime).toISOString().replace("Z", "000Z");
}
