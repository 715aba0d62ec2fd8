import type { handleClientStreamingCall } from "@grpc/grpc-js";
import { ApiError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";
import type { ClosedSignal } from "./exchange.ts";
import { grpcFailure } from "./grpc-errors.ts";

type Stream = Parameters<handleClientStreamingCall<Buffer, Buffer>>[0];
type Respond = Parameters<handleClientStreamingCall<Buffer, Buffer>>[1];

/** Clients round a time limit and cut off a little early or late: within this of the limit it was the limit. */
const roundingShare = 0.02;
const roundingMicroseconds = 2000;

/** Handles one call of one message, from its headers to its last byte. */
export type CallHandler = (call: UnaryCall) => void;

/**
 * One call that brings one message and gets one answer.
 *
 * For the library it is a stream of messages, which looks the same on the wire: so the call is known from its headers on,
 * can be refused before its message is read, and counts from its first byte, as over HTTP.
 */
export class UnaryCall {
  readonly arrival: number;
  /** When the client gives up, microseconds on the clock; infinite where it did not say. */
  readonly deadline: number;
  readonly #stream: Stream;
  readonly #respond: Respond;
  readonly #clock: Clock;
  #responded = false;

  constructor(stream: Stream, respond: Respond, clock: Clock) {
    this.#stream = stream;
    this.#respond = respond;
    this.#clock = clock;
    this.arrival = clock.now();
    const end = Number(stream.getDeadline());
    this.deadline = this.arrival + Math.max(0, end - Date.now()) * 1000;
    // The library reports a client that left as an error too.
    stream.on("error", () => undefined);
  }

  /** The library says "cancelled" of every call, when it is done with it. */
  readonly whenClosed: ClosedSignal = (listener) => {
    this.#stream.once("cancelled", () => listener(this.#responded));
  };

  /** Asked when a call is closed without an answer: did its time run out, or did the client change its mind? */
  timeRanOut(): boolean {
    if (this.#responded || this.deadline === Number.POSITIVE_INFINITY) return false;
    const slack = roundingMicroseconds + roundingShare * (this.deadline - this.arrival);
    return this.#clock.now() >= this.deadline - slack;
  }

  answer(message: Buffer): void {
    this.#responded = true;
    this.#respond(null, message);
  }

  fail(error: ApiError): void {
    this.#responded = true;
    this.#respond(grpcFailure(error));
  }

  /**
   * Reads the message. `done` is called once, with it or with the reason why there is none; not at all when the call ends
   * before. `patience`: milliseconds until a client that does not send it is refused.
   */
  read(patience: number, done: (error: ApiError | null, message: Buffer) => void): void {
    let message: Buffer | null = null;
    let isDone = false;
    const finish = (error: ApiError | null) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      done(error, message ?? nothing);
    };
    const timer = setTimeout(() => finish(new ApiError("RequestTimeout")), patience);
    this.#stream.on("data", (chunk: Buffer) => {
      if (message === null) message = chunk;
      else finish(wrongNumber());
    });
    this.#stream.once("end", () => finish(message === null ? wrongNumber() : null));
    this.#stream.once("cancelled", () => {
      isDone = true;
      clearTimeout(timer);
    });
  }
}

const nothing = Buffer.alloc(0);
const wrongNumber = () => new ApiError("InvalidMessage", { type: "single message" });
