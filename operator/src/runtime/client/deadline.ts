import type { Clock } from "../clock.ts";
import { localError } from "./api-error.ts";

/** A signal that aborts when the time is up or when the caller's signal does. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Replaces the time that is left. */
  restart(milliseconds: number, reason: TimeoutReason): void;
  /** Must be called at the end: takes the timer and the listener away. */
  clear(): void;
}

type TimeoutReason = "DeadlineExceeded" | "WatchQuiet";

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly milliseconds: number;
  readonly parent?: AbortSignal | undefined;
  /** What the request is, for the message. */
  readonly what: string;
}

/** `AbortSignal.any` is not used: it would keep every request's signal alive as long as a process-wide parent. */
export function startDeadline(options: DeadlineOptions): Deadline {
  const { clock, parent, what } = options;
  const controller = new AbortController();
  const arm = (milliseconds: number, reason: TimeoutReason) =>
    clock.after(milliseconds, () => {
      const seconds = milliseconds / 1_000;
      controller.abort(localError(reason, `${what}: nothing came from the API server for ${seconds} s.`));
    });
  const follow = () => controller.abort(localError("Aborted", `${what}: given up, because the work was stopped.`));
  let cancel = arm(options.milliseconds, "DeadlineExceeded");
  if (parent?.aborted) follow();
  else parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    restart: (milliseconds, reason) => {
      cancel();
      cancel = arm(milliseconds, reason);
    },
    clear: () => {
      cancel();
      parent?.removeEventListener("abort", follow);
    },
  };
}
