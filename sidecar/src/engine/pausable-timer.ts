/** A timer that stands still while it is paused. */
export class PausableTimer {
  readonly #then: () => void;
  #leftMilliseconds: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Runs unless it is made `paused`. */
  constructor(milliseconds: number, then: () => void, paused: boolean) {
    this.#leftMilliseconds = milliseconds;
    this.#then = then;
    if (!paused) this.resume();
  }

  pause(): void {
    if (this.#timer === null) return;
    this.cancel();
    this.#leftMilliseconds = Math.max(0, this.#leftMilliseconds - (performance.now() - this.#startedAt));
  }

  resume(): void {
    if (this.#timer !== null) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#then, this.#leftMilliseconds);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
