/** Random choices from one seeded source: `random` gives numbers from 0 to 1, without 1. */
export class Choices {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A whole number from 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** Throws for an empty list. */
  of<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("nothing to choose from");
    return list[this.below(list.length)] as T;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
