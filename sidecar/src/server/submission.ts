import type { RequestShape } from "../batch/shape.ts";
import type { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Waiting } from "./waiting-line.ts";

/** A request as the dispatcher takes it. */
export interface Submission {
  /** In the order of the model's signature. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly shape: RequestShape;
  readonly bytes: number;
  /** Microseconds on the dispatcher's clock. */
  readonly arrival: number;
  /** After this instant an answer is late: it counts as bad, but is still sent. */
  readonly onTimeUntil: number;
  /** After this instant an answer is of no use: the request is dropped. */
  readonly deadline: number;
}

export interface Answer {
  readonly outputs: readonly Tensor[];
  /** From arrival to the first hand-over to an engine. */
  readonly queueMicroseconds: number;
  /** From there to the last answer of an engine, retries included. */
  readonly engineMicroseconds: number;
}

export interface Ticket {
  /** Rejects with `ApiError` only; never settles after `cancel`. */
  readonly answer: Promise<Answer>;
  /** The client left: the request is dropped unless an engine has it already. */
  cancel(): void;
}

/** Where an entry waits. */
interface Holder {
  /** Its client left. */
  withdraw(entry: Entry): void;
}

/** The dispatcher's record of a submission, from its arrival until it is settled. */
export interface Entry extends Waiting {
  /** These change when another plan's dispatcher takes it over. */
  holder: Holder;
  length: number;
  group: string;
  workMicroseconds: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  dispatchedAt: number | null;
  /** What admission expected, where the queue was long enough to matter. */
  readonly prediction: { readonly at: number; readonly microseconds: number } | null;
  /** Engine failures while the request was alone in its batch. */
  failuresAlone: number;
  resolve(answer: Answer): void;
  reject(error: ApiError): void;
}

/** The entries that still wait for an answer. */
export const unsettled = (entries: readonly Entry[]): Entry[] => entries.filter((entry) => !entry.settled);

/** Answers with an error, unless the request is settled already. */
export function fail(entry: Entry, error: ApiError): void {
  if (entry.settled) return;
  entry.settled = true;
  entry.reject(error);
}

/** Answers a dispatched request, unless it is settled already. `now`: microseconds. */
export function succeed(entry: Entry, outputs: readonly Tensor[], now: number): void {
  if (entry.settled) return;
  entry.settled = true;
  const dispatchedAt = entry.dispatchedAt as number;
  entry.resolve({
    outputs,
    queueMicroseconds: dispatchedAt - entry.arrival,
    engineMicroseconds: now - dispatchedAt,
  });
}
