import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that goes on only when told to. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { dueAt: this.#now + milliseconds, order: this.#order++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets everything that waits for no timer run to its end. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await nextTurn();
  }

  /** Runs timers in their order until `milliseconds` have passed, settling before and after each moment. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await this.settle();
    for (let timer = this.#first(end); timer !== undefined; timer = this.#first(end)) {
      this.#now = Math.max(this.#now, timer.dueAt);
      this.#timers.delete(timer);
      timer.callback();
      await this.settle();
    }
    this.#now = end;
    await this.settle();
  }

  /** A process that was stopped: time passes, and no timer of it runs. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
  }

  #first(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt > end) continue;
      if (
        first === undefined ||
        timer.dueAt < first.dueAt ||
        (timer.dueAt === first.dueAt && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }
}

/** Reproducible numbers in [0, 1) (mulberry32). */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
