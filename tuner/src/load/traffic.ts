import type { RequestMix } from "./request-mix.ts";
import type { InFlight, Outcome, RequestSender } from "./request-sender.ts";
import type { StageRecorder } from "./stage-recorder.ts";

/** What the requests of one stage share. */
export interface TrafficSettings {
  readonly sender: RequestSender;
  readonly mix: RequestMix;
  /** Index of the request of the mix that comes next. */
  readonly next: () => number;
  readonly recorder: StageRecorder;
  readonly targetMilliseconds: number;
  readonly timeoutMilliseconds: number;
}

interface Entry {
  readonly intended: number;
  left: boolean;
  exchange: InFlight | undefined;
}

/** The requests of one stage that are under way. Instants are milliseconds since the stage began. */
export class Traffic {
  readonly #settings: TrafficSettings;
  readonly #start = performance.now();
  // Sent in the order of their intended starts, and a Set keeps that order: the oldest come first.
  readonly #entries = new Set<Entry>();

  constructor(settings: TrafficSettings) {
    this.#settings = settings;
  }

  now(): number {
    return performance.now() - this.#start;
  }

  get underWay(): number {
    return this.#entries.size;
  }

  /** Sends the next request of the mix; `intended` is when it should have been sent. */
  send(intended: number, decided: (outcome: Outcome) => void): void {
    const { sender, mix, next, recorder } = this.#settings;
    const request = mix.requests[next()];
    if (request === undefined) throw new RangeError("the order of the mix points outside it");
    const entry: Entry = { intended, left: false, exchange: undefined };
    this.#entries.add(entry);
    recorder.recordSending(intended, this.now());
    entry.exchange = sender.send(request, (outcome) => {
      this.#entries.delete(entry);
      if (entry.left) recorder.recordLeaving();
      else recorder.recordOutcome(outcome, intended, this.now());
      decided(outcome);
    });
  }

  /** Requests without an answer whose target has passed: certain misses. */
  overdue(): number {
    const limit = this.now() - this.#settings.targetMilliseconds;
    let count = 0;
    for (const { intended } of this.#entries) {
      if (intended >= limit) break;
      count++;
    }
    return count;
  }

  /** Gives up what has waited longer than the timeout. */
  giveUpOld(): void {
    const limit = this.now() - this.#settings.timeoutMilliseconds;
    for (const entry of this.#entries) {
      if (entry.intended >= limit) return;
      entry.exchange?.giveUp();
    }
  }

  /** Leaves all requests: the overdue ones count as late, the others not at all. */
  leave(): void {
    const limit = this.now() - this.#settings.targetMilliseconds;
    for (const entry of this.#entries) {
      entry.left = entry.intended >= limit;
      entry.exchange?.giveUp();
    }
  }
}
