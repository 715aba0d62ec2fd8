import type { Drift } from "@sweetspot/crds";
import type { Random } from "../statistics/random.ts";

/** The speed of a machine in virtual time (microseconds): each lasts a while, and is drawn anew for the next. */
export class DriftTimeline {
  readonly #factors: Float64Array;
  readonly #length: number;
  readonly #offset: number;
  readonly #seed: number;
  #segment = Number.NaN;
  #factor = 1;

  /** Takes two numbers from `random`, however long the run. */
  constructor({ seconds, factors }: Drift, random: Random) {
    this.#factors = Float64Array.from(factors);
    this.#length = 1e6 * seconds;
    this.#offset = random();
    this.#seed = Math.floor(random() * 2 ** 32);
  }

  /** The factor on the time of work that starts at this instant; instants may come in any order. */
  factorAt(instant: number): number {
    const segment = Math.floor(instant / this.#length + this.#offset);
    if (segment !== this.#segment) {
      this.#segment = segment;
      this.#factor = this.#factors[scramble(this.#seed ^ segment) % this.#factors.length] as number;
    }
    return this.#factor;
  }
}

/** Null for a machine whose speed was not observed. */
export const driftTimeline = (drift: Drift | undefined, random: Random): DriftTimeline | null =>
  drift === undefined ? null : new DriftTimeline(drift, random);

/** Spreads an integer over 32 bits, so that neighbours share nothing (the finaliser of Austin Appleby's MurmurHash3). */
function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
