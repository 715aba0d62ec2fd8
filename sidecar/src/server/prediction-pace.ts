/** Of the requests that are admitted while the queue is long, this share should be answered as soon as was predicted. */
const share = 0.95;
/** How far one answer moves the logarithm of the factor. */
const step = 0.1;
const bounds = { least: Math.log(0.5), most: Math.log(8) } as const;

/**
 * How much longer requests take than admission predicts: the factor that makes the prediction hold for 19 in 20.
 *
 * Predictions come from the engines' cost table. Under overload the front that refuses requests takes CPU time from the
 * engines, which no table of theirs knows; and who is admitted whenever the prediction just fits is late as soon as it is a
 * little short, all of them. So the answers themselves correct it.
 *
 * Source: quantile tracking by stochastic approximation (Robbins and Monro, 1951), on the logarithm.
 */
export class PredictionPace {
  #log = 0;

  get factor(): number {
    return Math.exp(this.#log);
  }

  /** A request was answered `actual` microseconds after it was admitted, and `predicted` were expected. */
  observe(predicted: number, actual: number): void {
    const seen = Math.log(actual / predicted);
    // Never beyond what was seen: a queue full of answers that are a little late says the same thing once, not forty times.
    const moved = seen > this.#log ? Math.min(seen, this.#log + step * share) : this.#log - step * (1 - share);
    this.#log = Math.min(bounds.most, Math.max(bounds.least, moved));
  }
}
