import type { QueuedRequest } from "@sweetspot/planner";

/** A request in the waiting line. `settled` requests were answered, expired or left, and are skipped. */
export interface Waiting extends QueuedRequest {
  readonly bytes: number;
  /** Its share of engine time, see `shareOfWork`. */
  readonly workMicroseconds: number;
  settled: boolean;
}

/**
 * The requests that wait for a first batch, in order of arrival, with the sums that admission asks for.
 *
 * Removal is lazy: a client that leaves only marks its request, and the next sweep drops all marked ones at once, so
 * that a thousand clients leaving together cost one pass.
 */
export class WaitingLine<R extends Waiting> {
  #requests: R[] = [];
  #earliestDeadline = Number.POSITIVE_INFINITY;
  #marked = false;
  rows = 0;
  bytes = 0;
  workMicroseconds = 0;

  /** In order of arrival; may hold settled requests until the next `sweep`. */
  get requests(): readonly R[] {
    return this.#requests;
  }

  /** No waiting request expires before this instant. */
  get earliestDeadline(): number {
    return this.#earliestDeadline;
  }

  push(request: R): void {
    this.#requests.push(request);
    this.#earliestDeadline = Math.min(this.#earliestDeadline, request.deadline);
    this.#add(request, 1);
  }

  /** Takes a batch out of the line. */
  take(batch: readonly R[]): void {
    const taken = new Set(batch);
    for (const request of batch) this.#add(request, -1);
    this.#requests = this.#requests.filter((request) => !taken.has(request));
    // An empty line expires at no time: a timer for it would keep the process alive.
    if (this.#requests.length === 0) this.#earliestDeadline = Number.POSITIVE_INFINITY;
  }

  /** For a request that left the line by itself; the caller has set `settled`. */
  forget(request: R): void {
    this.#add(request, -1);
    this.#marked = true;
  }

  /** Drops settled requests and gives the ones whose deadline has passed, taken out of the line. */
  sweep(now: number): R[] {
    if (!this.#marked && now < this.#earliestDeadline) return [];
    const live = this.#requests.filter((request) => !request.settled);
    const expired = live.filter((request) => request.deadline <= now);
    for (const request of expired) this.#add(request, -1);
    this.#requests = expired.length === 0 ? live : live.filter((request) => request.deadline > now);
    this.#earliestDeadline = this.#requests.reduce(
      (earliest, { deadline }) => Math.min(earliest, deadline),
      Number.POSITIVE_INFINITY,
    );
    this.#marked = false;
    return expired;
  }

  #add(request: R, sign: 1 | -1): void {
    this.rows += sign * request.rows;
    this.bytes += sign * request.bytes;
    this.workMicroseconds = Math.max(0, this.workMicroseconds + sign * request.workMicroseconds);
  }
}
