import type { Stalls } from "@sweetspot/crds";
import { mean } from "../statistics/quantile.ts";
import { exponential, type Random, seededRandom } from "../statistics/random.ts";

/** After so many interruptions it no longer matters how an idle time began. */
const rememberedCycles = 20;

/** The interruptions that one engine suffers, in virtual time (microseconds): a Poisson process, idle or not. */
export class StallTimeline {
  readonly #meanGap: number;
  readonly #lengths: readonly number[];
  readonly #random: Random;
  readonly #memory: number;
  #from: number;
  #length: number;

  /** Takes one number from `random` and draws the rest from a stream of its own, so that engines do not disturb each other. */
  constructor({ perSecond, microseconds }: Stalls, random: Random) {
    this.#meanGap = 1e6 / perSecond;
    this.#lengths = microseconds;
    this.#memory = rememberedCycles * (this.#meanGap + mean(microseconds));
    this.#random = seededRandom(Math.floor(random() * 2 ** 31));
    this.#from = 0;
    this.#length = 0;
    this.#next();
  }

  /** When work ends that would last from `start` to `end`. Successive calls have successive starts. */
  delayed(start: number, end: number): number {
    let later = end;
    // Weeks without work would otherwise be drawn interruption by interruption.
    this.#from = Math.max(this.#from, start - this.#memory);
    while (this.#from < later) {
      // Of an interruption that began before the work only the rest counts.
      later += Math.max(0, this.#from + this.#length - Math.max(this.#from, start));
      this.#next();
    }
    return later;
  }

  #next(): void {
    this.#from += this.#length + exponential(this.#random) * this.#meanGap;
    this.#length = this.#lengths[Math.floor(this.#random() * this.#lengths.length)] as number;
  }
}

/** Null for a machine that was never seen to stall. */
export const stallTimeline = (stalls: Stalls | undefined, random: Random): StallTimeline | null =>
  stalls === undefined || stalls.perSecond === 0 ? null : new StallTimeline(stalls, random);
