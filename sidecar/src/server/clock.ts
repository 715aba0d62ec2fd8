/** Time for everything that waits, in microseconds on one monotonic clock, so that tests can run on virtual time. */
export interface Clock {
  now(): number;
  /** Runs `act` at `instant`, or soon if that has passed. Gives the function that calls it off. */
  at(instant: number, act: () => void): () => void;
  /** Runs `act` after the input that is ready now has been read, so that requests that came together meet. */
  soon(act: () => void): void;
}

const longestTimerMilliseconds = 2_147_483_647;

/** Real time. Timers are not finer than a millisecond and are rounded up, so that nothing fires early. */
export const systemClock: Clock = {
  now: () => performance.now() * 1000,
  at: (instant, act) => {
    const milliseconds = Math.ceil(instant / 1000 - performance.now());
    const timer = setTimeout(act, Math.min(Math.max(milliseconds, 0), longestTimerMilliseconds));
    return () => clearTimeout(timer);
  },
  soon: (act) => {
    setImmediate(act);
  },
};
