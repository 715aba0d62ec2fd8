import { type Dispatcher, Pool } from "undici";
import type { PreparedRequest } from "./request-mix.ts";

/** What became of one request: the HTTP status, or why there is none. */
export type Outcome = number | "NoConnection" | "GivenUp";

/** One request under way. */
export interface InFlight {
  /** Drops the request; its outcome is `GivenUp` unless it is already decided. */
  giveUp(): void;
}

/** Sends prepared requests to one URL: one request per connection at a time, no pipelining, no redirect, no proxy. */
export class RequestSender {
  readonly #pool: Pool;
  readonly #path: string;

  constructor(url: string, connections: number) {
    const { origin, pathname, search } = new URL(url);
    this.#path = pathname + search;
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      // The generator has one deadline per request of its own; undici's would be a second, coarser one.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 60_000,
      connect: { timeout: 5_000 },
    });
  }

  /** Sends at once, or as soon as a connection is free. `decided` is called exactly once. */
  send(request: PreparedRequest, decided: (outcome: Outcome) => void): InFlight {
    const exchange = new Exchange(decided);
    this.#pool.dispatch(
      { method: "POST", path: this.#path, headers: request.headers as Record<string, string>, body: request.body },
      exchange,
    );
    return exchange;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** The life of one request. A status counts only once the whole answer has arrived. */
class Exchange implements Dispatcher.DispatchHandler, InFlight {
  readonly #decided: (outcome: Outcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #done = false;

  constructor(decided: (outcome: Outcome) => void) {
    this.#decided = decided;
  }

  giveUp(): void {
    this.#decide("GivenUp");
    this.#controller?.abort(new Error("given up"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up while it waited for a connection.
    if (this.#done) controller.abort(new Error("given up"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#decide(this.#status);
  }

  onResponseError(): void {
    this.#decide("NoConnection");
  }

  #decide(outcome: Outcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#decided(outcome);
  }
}
