import type { Clock } from "../clock.ts";

/** Virtual time for tests: nothing happens until `run`, and then as fast as it can. */
export class VirtualClock implements Clock {
  #now = 0;
  #events: { instant: number; order: number; act: () => void }[] = [];
  #order = 0;

  now(): number {
    return this.#now;
  }

  at(instant: number, act: () => void): () => void {
    const event = { instant: Math.max(instant, this.#now), order: this.#order++, act };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  }

  soon(act: () => void): void {
    this.at(this.#now, act);
  }

  /** Runs events in order of time until none is left or `until` has come. */
  async run(until = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      await settled();
      this.#events.sort((a, b) => a.instant - b.instant || a.order - b.order);
      const next = this.#events[0];
      if (next === undefined || next.instant > until) break;
      this.#events.shift();
      this.#now = next.instant;
      next.act();
    }
    if (Number.isFinite(until)) this.#now = Math.max(this.#now, until);
  }
}

/** Lets every promise that can settle now settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
