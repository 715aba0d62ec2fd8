/** The time that a tuning may take, and how much of it is gone. The clock is injected; seconds everywhere. */
export class Budget {
  readonly seconds: number;
  readonly #now: () => number;
  readonly #start: number;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(seconds: number, now: () => number = () => performance.now()) {
    this.seconds = seconds;
    this.#now = now;
    this.#start = now();
  }

  elapsed(): number {
    return (this.#now() - this.#start) / 1000;
  }

  /** Seconds until `share` of the budget is used up; 0 when it is. */
  until(share: number): number {
    return Math.max(0, share * this.seconds - this.elapsed());
  }
}
