import type { Metrics, StageTimes } from "../telemetry/metrics.ts";
import type { Outcome, ServiceLevel } from "../telemetry/service-level.ts";
import type { Clock } from "./clock.ts";
import type { Ticket } from "./submission.ts";

/**
 * Calls its listener once, when the protocol is done with a request: with true where an answer or an error went out, with
 * false where the client left before.
 */
export type ClosedSignal = (listener: (sent: boolean) => void) => void;

/**
 * One inference request from its first byte to its last: counts it exactly once, when its connection is done with it,
 * and withdraws it from the queue if the client leaves before.
 */
export class Exchange {
  /** Microseconds. */
  readonly arrival: number;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  #level: ServiceLevel | null;
  #ticket: Ticket | null = null;
  #outcome: Outcome | null = null;
  #stages: StageTimes | null = null;
  /** Microseconds before and after the model, where the request went through a pipeline. */
  #pipeline: Pick<StageTimes, "preprocess" | "postprocess"> = {};
  #over = false;

  constructor(whenClosed: ClosedSignal, clock: Clock, metrics: Metrics, level: ServiceLevel | null) {
    this.arrival = clock.now();
    this.#clock = clock;
    this.#metrics = metrics;
    this.#level = level;
    level?.watcher?.began(this.arrival);
    whenClosed((sent) => this.#finish(sent));
  }

  /** The request was admitted: its outcome counts for the plan that took it. */
  admitted(ticket: Ticket, level: ServiceLevel): void {
    this.#ticket = ticket;
    this.#level = level;
    // The client may have left while its body was being decoded.
    if (this.#over) ticket.cancel();
  }

  /** `engine` and `queue` as the dispatcher measured them, microseconds. */
  answered(queue: number, engine: number): void {
    this.#outcome = "Answered";
    this.#stages = { queue, engine, reply: 0 };
  }

  /** Microseconds, on the clock that `arrival` is of. */
  now(): number {
    return this.#clock.now();
  }

  /** Texts became tokens, or images pixels, in so many microseconds, the wait for a thread included. */
  preprocessed(preprocess: number): void {
    this.#pipeline = { preprocess };
  }

  postprocessed(postprocess: number): void {
    this.#pipeline = { ...this.#pipeline, postprocess };
  }

  failed(outcome: Outcome): void {
    this.#outcome = outcome;
  }

  #finish(sent: boolean): void {
    this.#over = true;
    this.#ticket?.cancel();
    const latency = this.#clock.now() - this.arrival;
    // A client that left is its own doing, but a failure stays one even if nobody was there to read of it.
    const outcome = sent || this.#outcome === "Failed" ? (this.#outcome ?? "Failed") : "Excluded";
    this.#level?.watcher?.ended(this.arrival, outcome, latency);
    this.#metrics.request(this.#level?.request(outcome, latency) ?? withoutTarget(outcome), latency);
    if (outcome !== "Answered" || this.#stages === null) return;
    const { queue, engine } = this.#stages;
    const { preprocess = 0, postprocess = 0 } = this.#pipeline;
    const reply = Math.max(0, latency - queue - engine - preprocess - postprocess);
    const stages = { ...this.#pipeline, queue, engine, reply };
    this.#metrics.answered(latency, stages);
    this.#level?.answered(stages);
  }
}

/** Before the first plan there is no target, and nothing can be answered either. */
const withoutTarget = (outcome: Outcome) => (outcome === "Answered" ? "Good" : outcome);
