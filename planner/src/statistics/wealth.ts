import type { MissBlock } from "./excess-detector.ts";

/** Fractions of the largest bet: a small one finds a small steady excess, a large one finds a large excess at once. */
const bets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95];

/** How blocks are joined before they are bet on. */
export interface Scale {
  /** Until they hold so many requests, */
  readonly requests: number;
  /** or last so long and hold any. */
  readonly seconds: number;
  /** What correlation between neighbours adds to the long-run variance of their counts, as a power that lowers every factor. */
  readonly temper: number;
}

/**
 * Wealth from bets on "more requests are bad than allowed", begun anew with each joined block: a mixture over bets of the sum
 * over beginnings. See `detectExcess`.
 */
export class Wealth {
  readonly #scale: Scale;
  readonly #allowed: number;
  readonly #ceiling: number;
  /** Per bet: the sum over beginnings, and the best beginning with the block that it began with. */
  readonly #sums = new Float64Array(bets.length);
  readonly #best = new Float64Array(bets.length).fill(1);
  readonly #beginnings = new Int32Array(bets.length);
  #seconds = 0;
  #total = 0;
  #bad = 0;
  #first = 0;
  #evidence = 0;

  /** `ceiling`: wealth beyond it is thrown away, so that the evidence can fall when the excess is over. */
  constructor(scale: Scale, allowed: number, ceiling: number) {
    this.#scale = scale;
    this.#allowed = allowed;
    this.#ceiling = ceiling;
  }

  add({ seconds, total, bad }: MissBlock, index: number): void {
    if (this.#total === 0) {
      this.#seconds = 0;
      this.#first = index;
    }
    this.#seconds += seconds;
    this.#total += total;
    this.#bad += Math.min(bad, total);
    if (this.#total === 0) return;
    if (this.#total >= this.#scale.requests || this.#seconds >= this.#scale.seconds) this.#bet();
  }

  /** In units of seconds: without an excess its mean is at most the time since the first block. */
  get evidence(): number {
    return this.#evidence;
  }

  /** Index of the block from which on the excess shows most. */
  get beginning(): number {
    let winner = 0;
    this.#best.forEach((wealth, i) => {
      if (wealth > (this.#best[winner] as number)) winner = i;
    });
    return this.#beginnings[winner] as number;
  }

  #bet(): void {
    let mixed = 0;
    const excess = this.#bad / (this.#total * this.#allowed) - 1;
    for (let i = 0; i < bets.length; i += 1) {
      const factor = (1 + (bets[i] as number) * excess) ** this.#scale.temper;
      // As many beginnings as seconds, so that the evidence does not depend on how blocks are cut.
      const sum = Math.min(((this.#sums[i] as number) + this.#seconds) * factor, this.#ceiling * bets.length);
      this.#sums[i] = sum;
      mixed += sum / bets.length;
      const best = this.#best[i] as number;
      if (best <= 1) this.#beginnings[i] = this.#first;
      this.#best[i] = Math.min(Math.max(1, best) * factor, 1e300);
    }
    this.#evidence = mixed;
    this.#total = 0;
    this.#bad = 0;
  }
}
