import { type Clock, sleep, waitingFor } from "../runtime/index.ts";

/** Resolves when `answer` does or after `milliseconds`, whichever comes first. Counts as time that a reconcile waits for others. */
export async function waitAtMost(clock: Clock, milliseconds: number, answer: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const enough = sleep(clock, milliseconds, patience.signal);
  try {
    await waitingFor<unknown>(clock, () => Promise.race([answer, enough]));
  } finally {
    patience.abort();
  }
}
