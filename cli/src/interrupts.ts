import type { EventEmitter } from "node:events";

/** What the user asked for by signals. */
export interface Interrupts {
  /** Aborted by the first Ctrl-C (or SIGTERM). */
  readonly signal: AbortSignal;
  /** Gives the signals back to their default effect. */
  release(): void;
}

/** What stands around the watch: the process and its clock, or their substitutes in tests. */
export interface SignalSource {
  readonly source: EventEmitter;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
}

const watched = ["SIGINT", "SIGTERM"] as const;

/**
 * One Ctrl-C can arrive twice: from the terminal, which signals the whole process group, and from `npm run`, which
 * passes on what it got. A second one that comes so soon, in milliseconds, is the same key press.
 */
const samePress = 500;

/** The first Ctrl-C asks to stop and keep what there is (`onFirst`); the second ends the process at once (`endNow`). */
export function watchInterrupts(onFirst: () => void, endNow: () => void, { source, now }: SignalSource): Interrupts {
  const stop = new AbortController();
  let first = 0;
  const listener = () => {
    if (!stop.signal.aborted) {
      first = now();
      stop.abort();
      onFirst();
    } else if (now() - first >= samePress) endNow();
  };
  for (const name of watched) source.on(name, listener);
  return {
    signal: stop.signal,
    release: () => {
      for (const name of watched) source.off(name, listener);
    },
  };
}
