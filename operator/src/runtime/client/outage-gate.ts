import type { Clock } from "../clock.ts";
import { localError } from "./api-error.ts";

interface Waiter {
  readonly open: () => void;
}

/**
 * Paces all requests of the process while the API server is down: at most one per interval in total, so that a returning
 * server is not met by a stampede. While it is up, the gate is not there.
 *
 * A request that could not get its turn before its own deadline fails at once, without being sent.
 */
export class OutageGate {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #downSince: number | null = null;
  #nextTurn = 0;
  #waiting: Waiter[] = [];
  #cancelTimer: (() => void) | null = null;

  /** A little more than a second, so that no second has two. */
  constructor(clock: Clock, intervalMs = 1_250) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** When the outage began, on the clock's monotonic time; null while the API server answers. */
  get downSince(): number | null {
    return this.#downSince;
  }

  /**
   * Resolves when a request may be sent.
   * @param deadlineAt on the clock's monotonic time
   * @param urgent goes before everybody who waits (the renewal of a lease)
   * @throws {ApiError} `Unreachable` when the turn would come too late; the signal's reason when it aborts.
   */
  async enter(deadlineAt: number, signal: AbortSignal, urgent = false): Promise<void> {
    if (this.#downSince === null) return;
    const ahead = urgent ? 0 : this.#waiting.length;
    const turn = Math.max(this.#nextTurn, this.#clock.now()) + ahead * this.#intervalMs;
    if (turn > deadlineAt) throw this.#tooLate();
    await this.#wait(signal, urgent);
  }

  /** Tells the gate how a request ended: whether the API server gave an answer that shows it to be working. */
  report(answered: boolean): void {
    if (answered) this.#open();
    else if (this.#downSince === null) {
      this.#downSince = this.#clock.now();
      this.#nextTurn = this.#downSince + this.#intervalMs;
    }
  }

  #wait(signal: AbortSignal, urgent: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(signal.reason);
      };
      const open = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const waiter: Waiter = { open };
      if (urgent) this.#waiting.unshift(waiter);
      else this.#waiting.push(waiter);
      signal.addEventListener("abort", leave, { once: true });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#cancelTimer !== null || this.#waiting.length === 0) return;
    const delay = Math.max(0, this.#nextTurn - this.#clock.now());
    this.#cancelTimer = this.#clock.after(delay, () => {
      this.#cancelTimer = null;
      const first = this.#waiting.shift();
      if (first !== undefined) {
        this.#nextTurn = this.#clock.now() + this.#intervalMs;
        first.open();
      }
      this.#schedule();
    });
  }

  #open(): void {
    this.#downSince = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const released = this.#waiting;
    this.#waiting = [];
    for (const waiter of released) waiter.open();
  }

  #tooLate(): Error {
    const seconds = Math.round((this.#clock.now() - (this.#downSince ?? this.#clock.now())) / 1_000);
    return localError(
      "Unreachable",
      `The API server has not answered for ${seconds} s; this request was not sent, because others wait before it.`,
    );
  }
}
