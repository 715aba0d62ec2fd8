import type { Clock } from "../runtime/index.ts";

/** Entries by key, each made when it is first wanted and forgotten some time after it was wanted last. */
export class WantedEntries<Entry> {
  readonly #clock: Clock;
  readonly #forgottenMilliseconds: number;
  readonly #entries = new Map<string, { readonly entry: Entry; wantedAt: number }>();
  #sweptAt = 0;

  /** `forgottenMilliseconds`: what nobody wanted for so long is forgotten, by twice that at the latest while others are wanted. */
  constructor(clock: Clock, forgottenMilliseconds: number) {
    this.#clock = clock;
    this.#forgottenMilliseconds = forgottenMilliseconds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of `key`, by `make` where there is none. */
  want(key: string, make: () => Entry): Entry {
    const now = this.#clock.now();
    const held = this.#entries.get(key) ?? { entry: make(), wantedAt: now };
    held.wantedAt = now;
    this.#entries.set(key, held);
    this.#sweep(now);
    return held.entry;
  }

  /** Not at each look: a look at each of n entries would take n² steps. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < this.#forgottenMilliseconds) return;
    this.#sweptAt = now;
    for (const [key, { wantedAt }] of this.#entries) {
      if (now - wantedAt >= this.#forgottenMilliseconds) this.#entries.delete(key);
    }
  }
}
