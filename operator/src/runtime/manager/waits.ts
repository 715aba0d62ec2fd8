import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../clock.ts";

/** How long one reconcile has waited for others, waits at the same time counted once. */
export class Waits {
  #pending = 0;
  #since = 0;
  #total = 0;

  /** Milliseconds so far, of waits that have ended. */
  get total(): number {
    return this.#total;
  }

  begin(now: number): void {
    if (this.#pending++ === 0) this.#since = now;
  }

  end(now: number): void {
    if (--this.#pending === 0) this.#total += now - this.#since;
  }
}

const current = new AsyncLocalStorage<Waits>();

/** Runs a reconcile; what it waits for by `waitingFor` is added to `waits`. */
export const countingWaits = <T>(waits: Waits, reconcile: () => Promise<T>): Promise<T> =>
  current.run(waits, reconcile);

/** Runs what depends on another process, so that its time is not taken for the reconcile's own. */
export async function waitingFor<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const waits = current.getStore();
  waits?.begin(clock.now());
  try {
    return await ask();
  } finally {
    waits?.end(clock.now());
  }
}
