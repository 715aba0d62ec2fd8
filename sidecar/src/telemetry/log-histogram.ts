const perOctave = 64;
const octaves = 40;

/**
 * A histogram of fixed memory for percentiles over any number of durations: 64 buckets per doubling, so that a
 * percentile is right within 0.6 %. Holds 1 to 2^40 (microseconds: 12 days); what lies outside goes to the nearest end.
 * After the log-linear histograms of HdrHistogram.
 */
export class LogHistogram {
  readonly #buckets = new Float64Array(perOctave * octaves);
  #count = 0;
  #maximum = 0;

  record(value: number): void {
    const index = Math.floor(Math.log2(Math.max(1, value)) * perOctave);
    const bounded = Math.min(index, this.#buckets.length - 1);
    this.#buckets[bounded] = (this.#buckets[bounded] as number) + 1;
    this.#count += 1;
    if (value > this.#maximum) this.#maximum = value;
  }

  get count(): number {
    return this.#count;
  }

  /** The largest recorded value, exactly; null before the first. */
  get maximum(): number | null {
    return this.#count === 0 ? null : this.#maximum;
  }

  /** The value that a share of all recorded ones does not exceed; null before the first. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#buckets.length; index += 1) {
      seen += this.#buckets[index] as number;
      if (seen >= rank) return Math.min(this.#maximum, 2 ** ((index + 0.5) / perOctave));
    }
    return this.#maximum;
  }
}
