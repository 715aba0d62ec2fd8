import { type BackoffOptions, backoffMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";

export type Priority = "high" | "normal";

export interface AddOptions {
  /** Default `normal`. A key keeps the highest priority that it was added with until it is taken. */
  readonly priority?: Priority;
  /** The key becomes ready only then. The earliest of several times counts. */
  readonly afterMs?: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff?: BackoffOptions;
}

interface Delayed {
  readonly dueAt: number;
  readonly priority: Priority;
  readonly cancel: () => void;
}

/** Every so many takes the normal keys go first, so that a flood of high ones cannot starve them. */
const fairness = 8;

/**
 * A work queue of keys. A key is in at most one place, drawn left to right:
 *
 *     add ----------------> ready (high | normal) --take--> active --done--> gone
 *      \--afterMs--> delayed --^                              |
 *                                  add while active: again ---'--done--> ready
 *
 * Guarantees: a key is never active twice at once; an add is never lost, it leads to a take that begins after it; adds of
 * the same key before that take are one. Modelled on controller-runtime's priority queue.
 */
export class KeyedQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: BackoffOptions;
  readonly #ready: Record<Priority, Set<string>> = { high: new Set(), normal: new Set() };
  readonly #delayed = new Map<string, Delayed>();
  readonly #active = new Set<string>();
  readonly #again = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #takes = 0;
  #closed = false;
  #onIdle: (() => void) | null = null;

  constructor(options: QueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? { baseMs: 500, capMs: 300_000 };
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#ready.high.size + this.#ready.normal.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  get active(): number {
    return this.#active.size;
  }

  /** An immediate add overtakes a delay or a back-off of the same key: there is news. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#closed) return;
    const { priority = "normal", afterMs = 0 } = options;
    if (afterMs > 0) this.#delay(key, priority, afterMs);
    else this.#makeReady(key, priority);
  }

  /** Adds after the key's back-off, which grows with each call until `forget`. Returns the delay in milliseconds. */
  addAfterFailure(key: string, priority: Priority = "normal"): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const afterMs = backoffMs(failures, this.#backoff, this.#random);
    this.add(key, { priority, afterMs });
    return afterMs;
  }

  /** The next failure of the key counts as its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures of the key since the last `forget`. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, once there is one; undefined when the queue was closed. `done` must follow. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const key = this.#next();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The work on a taken key is over. */
  done(key: string): void {
    this.#active.delete(key);
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority !== undefined && !this.#closed) this.#makeReady(key, priority);
    if (this.#active.size === 0) this.#onIdle?.();
  }

  /** Hands out nothing more; resolves when all that was taken is done. */
  close(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.high.clear();
    this.#ready.normal.clear();
    for (const resolve of this.#takers.splice(0)) resolve(undefined);
    if (this.#active.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #delay(key: string, priority: Priority, afterMs: number): void {
    const dueAt = this.#clock.now() + afterMs;
    const earlier = this.#delayed.get(key);
    const highest = higher(priority, earlier?.priority);
    if (this.#isReady(key)) return;
    if (earlier !== undefined && earlier.dueAt <= dueAt) {
      this.#delayed.set(key, { ...earlier, priority: highest });
      return;
    }
    earlier?.cancel();
    const cancel = this.#clock.after(afterMs, () => {
      this.#makeReady(key, this.#delayed.get(key)?.priority ?? priority);
    });
    this.#delayed.set(key, { dueAt, priority: highest, cancel });
  }

  #isReady(key: string): boolean {
    return this.#ready.high.has(key) || this.#ready.normal.has(key) || this.#again.has(key);
  }

  #makeReady(key: string, priority: Priority): void {
    const delayed = this.#delayed.get(key);
    delayed?.cancel();
    this.#delayed.delete(key);
    const highest = higher(priority, delayed?.priority);
    if (this.#active.has(key)) {
      this.#again.set(key, higher(highest, this.#again.get(key)));
      return;
    }
    if (highest === "high") {
      this.#ready.normal.delete(key);
      this.#ready.high.add(key);
    } else if (!this.#ready.high.has(key)) this.#ready.normal.add(key);
    this.#serve();
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#takers.shift()?.(key);
    }
  }

  #next(): string | undefined {
    if (this.depth === 0) return undefined;
    this.#takes++;
    const normalFirst = this.#takes % fairness === 0 && this.#ready.normal.size > 0;
    const set = normalFirst || this.#ready.high.size === 0 ? this.#ready.normal : this.#ready.high;
    const [key] = set;
    if (key === undefined) return undefined;
    set.delete(key);
    this.#active.add(key);
    return key;
  }
}

function higher(one: Priority, other: Priority | undefined): Priority {
  return one === "high" || other === "high" ? "high" : "normal";
}
