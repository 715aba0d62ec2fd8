import { type Clock, sleep, systemClock } from "../clock.ts";
import { waitingFor } from "../manager/waits.ts";
import { ApiError, errorOfAnswer, localError } from "./api-error.ts";
import { readText } from "./body.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { OutageGate } from "./outage-gate.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

type Verb = "get" | "list" | "watch" | "log" | "create" | "update" | "patch" | "apply" | "delete";

export interface RequestObservation {
  readonly verb: Verb;
  readonly resource: string;
  /** HTTP status, or the local reason when no answer came. */
  readonly code: string;
  readonly seconds: number;
}

export interface ClientOptions {
  readonly transport: Transport;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Shared by all clients of a process, so that the pace during an outage holds for all of them together. */
  readonly gate?: OutageGate;
  /** Asked immediately before each write leaves the process; false refuses it with `WriteRefused`. */
  readonly mayWrite?: () => boolean;
  readonly observe?: (observation: RequestObservation) => void;
  /** Per request, answers included, retries included. A page of a list gets three times as long. */
  readonly deadlineMs?: number;
  /** Goes before others when requests are paced. */
  readonly urgent?: boolean;
}

export interface Call {
  readonly verb: Verb;
  readonly resource: string;
  readonly method: TransportRequest["method"];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number;
}

const longestAnswer = 64 * 2 ** 20;
const mostTries = 6;
const writes: ReadonlySet<Verb> = new Set(["create", "update", "patch", "apply", "delete"]);
const serverCannotAnswer: ReadonlySet<number> = new Set([502, 503, 504]);

/** One request with all that belongs to it: pace, permission to write, deadline, `Retry-After`, errors, metrics. */
export class Requester {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly #options: ClientOptions;
  readonly #gate: OutageGate;
  readonly #random: () => number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.deadlineMs = options.deadlineMs ?? 10_000;
    this.#gate = options.gate ?? new OutageGate(this.clock);
    this.#random = options.random ?? Math.random;
  }

  /** The answer as parsed JSON. @throws {ApiError} */
  async json(call: Call): Promise<unknown> {
    const text = await this.withAnswer(call, (answer) => readText(answer.body, longestAnswer));
    try {
      return JSON.parse(text);
    } catch (error) {
      throw localError("BadAnswer", `${describe(call)}: the answer is not JSON.`, error);
    }
  }

  /** Runs `read` on a good answer within the call's deadline. @throws {ApiError} */
  withAnswer<R>(call: Call, read: (answer: TransportResponse) => Promise<R>): Promise<R> {
    return waitingFor(this.clock, () => this.#withAnswer(call, read));
  }

  async #withAnswer<R>(call: Call, read: (answer: TransportResponse) => Promise<R>): Promise<R> {
    const milliseconds = call.deadlineMs ?? this.deadlineMs;
    const deadline = startDeadline({ clock: this.clock, milliseconds, parent: call.signal, what: describe(call) });
    try {
      const answer = await this.#open(call, deadline, this.clock.now() + milliseconds);
      return await read(answer);
    } catch (error) {
      throw asApiError(call, deadline, error);
    } finally {
      deadline.clear();
    }
  }

  /**
   * The bytes of a good answer as they come. The call's deadline is for the head; after it `WatchQuiet` ends the stream
   * when not a byte came for `quietMs`. @throws {ApiError}
   */
  async *stream(call: Call, quietMs: number): AsyncGenerator<Uint8Array> {
    const milliseconds = call.deadlineMs ?? this.deadlineMs;
    const deadline = startDeadline({ clock: this.clock, milliseconds, parent: call.signal, what: describe(call) });
    try {
      const answer = await this.#open(call, deadline, this.clock.now() + milliseconds);
      deadline.restart(quietMs, "WatchQuiet");
      for await (const chunk of answer.body) {
        deadline.restart(quietMs, "WatchQuiet");
        yield chunk;
      }
    } catch (error) {
      throw asApiError(call, deadline, error);
    } finally {
      deadline.clear();
    }
  }

  /** Sends, and waits as `Retry-After` says while there is time. Resolves with the head of a good answer. */
  async #open(call: Call, deadline: Deadline, deadlineAt: number): Promise<TransportResponse> {
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempt(call, deadline, deadlineAt);
      if (!(error instanceof ApiError)) return error;
      const waitMs = (error.retryAfterSeconds ?? 0) * 1_000 * (1 + 0.1 * this.#random());
      const worthWaiting = error.retryAfterSeconds !== null && this.clock.now() + waitMs < deadlineAt;
      if (!worthWaiting || attempt >= mostTries || !mayRepeat(error)) throw error;
      await sleep(this.clock, waitMs, deadline.signal);
      deadline.signal.throwIfAborted();
    }
  }

  /** A good answer is returned, a refusal is returned as its error, everything else is thrown. */
  async #attempt(call: Call, deadline: Deadline, deadlineAt: number): Promise<TransportResponse | ApiError> {
    this.#checkWrite(call);
    await this.#gate.enter(deadlineAt, deadline.signal, this.#options.urgent);
    const startedAt = this.clock.now();
    const observe = (code: string) => {
      const seconds = (this.clock.now() - startedAt) / 1_000;
      this.#options.observe?.({ verb: call.verb, resource: call.resource, code, seconds });
    };
    try {
      const answer = await this.#send(call, deadline.signal);
      observe(String(answer.status));
      this.#gate.report(!serverCannotAnswer.has(answer.status));
      if (answer.status < 300) return answer;
      const body = await readText(answer.body, longestAnswer);
      return errorOfAnswer(describe(call), answer.status, body, answer.retryAfter);
    } catch (thrown) {
      const error = asApiError(call, deadline, thrown);
      observe(error.reason);
      if (error.unreachable) this.#gate.report(false);
      throw error;
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<TransportResponse> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return await this.#options.transport.send({
      method: call.method,
      path: call.path + queryString(call.query),
      headers: {
        accept: call.verb === "log" ? "*/*" : "application/json",
        ...(body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      },
      signal,
      ...(body === undefined ? {} : { body }),
      ...(writes.has(call.verb) ? { beforeSend: () => this.#checkWrite(call) } : {}),
    });
  }

  #checkWrite(call: Call): void {
    if (!writes.has(call.verb) || this.#options.mayWrite === undefined || this.#options.mayWrite()) return;
    throw localError("WriteRefused", `${describe(call)}: not sent, because this process does not hold the lease.`);
  }
}

/** What a transport or a body throws, as an `ApiError`. */
function asApiError(call: Call, deadline: Deadline, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (deadline.signal.aborted) return deadline.signal.reason as ApiError;
  const text = error instanceof Error ? error.message : String(error);
  return localError("Unreachable", `${describe(call)}: the connection to the API server failed: ${text}`, error);
}

/** The client's own repetition: only where the server said that it did not take the request. */
function mayRepeat(error: ApiError): boolean {
  return error.status === 429 || error.status >= 500;
}

export function describe(call: Pick<Call, "verb" | "path">): string {
  return `${call.verb} ${call.path}`;
}

function queryString(query: Call["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}
