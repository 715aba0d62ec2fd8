/** Of the requests that are admitted while the queue is long, this share should be answered as soon as was predicted. */
const share = 0.95;
/** How far one answer moves the logarithm of the factor. */
const step = 0.1;
/**
 * Within this time, microseconds, two thirds are forgotten. Under overload hundreds of answers a second outweigh it; a server with few
 * requests would otherwise refuse for half a minute because of one slow moment.
 */
const memory = 2e6;
const bounds = { least: Math.log(0.5), most: Math.log(8) } as const;

/**
 * How much longer requests take than admission predicts: the factor that makes the prediction hold for about 19 in 20
 * (for 18 where it is far from one, since forgetting pulls towards one).
 *
 * Predictions come from the engines' cost table. Under overload the front that refuses requests takes CPU time from the
 * engines, which no table of theirs knows; and who is admitted whenever the prediction just fits is late as soon as it is a
 * little short, all of them. So the answers themselves correct it, and what they said is forgotten with time. All instants are
 * microseconds of one clock that never goes back.
 *
 * Source: quantile tracking by stochastic approximation (Robbins and Monro, 1951), on the logarithm.
 */
export class PredictionPace {
  #log = 0;
  #at = 0;

  factor(now: number): number {
    return Math.exp(this.#remembered(now));
  }

  /** A request was answered now, `actual` microseconds after it was admitted, and `predicted` were expected. */
  observe(predicted: number, actual: number, now: number): void {
    const seen = Math.log(actual / predicted);
    const log = this.#remembered(now);
    // Never beyond what was seen: a queue full of answers that are a little late says the same thing once, not forty times.
    const moved = seen > log ? Math.min(seen, log + step * share) : log - step * (1 - share);
    this.#log = Math.min(bounds.most, Math.max(bounds.least, moved));
    this.#at = now;
  }

  #remembered(now: number): number {
    return this.#log * Math.exp((this.#at - now) / memory);
  }
}
