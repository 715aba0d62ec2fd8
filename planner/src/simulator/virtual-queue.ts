import type { QueuedRequest } from "../scheduler/queued-request.ts";
import type { ArrivalSequence, RequestShape } from "./workload.ts";

/** A request in virtual time; the objects are used again, because a run has millions. */
interface VirtualRequest extends QueuedRequest {
  arrival: number;
  rows: number;
  length: number;
  group: string;
  /** Its place in the sequence of arrivals. */
  index: number;
}

/**
 * The waiting line in virtual time.
 *
 * Only the requests that the batch former can see exist as objects; those behind them are still numbers of the sequence,
 * so that a long queue costs no more than a short one:
 * ```
 *   sequence:  0 ...... | oldest (objects, some gone from between) | beyond the window | to come
 *                                                                  ^ #seen             ^ arrived
 * ```
 */
export class VirtualQueue {
  /** What the batch former may look at, in order of arrival. */
  readonly oldest: VirtualRequest[] = [];
  /** How many requests have arrived so far. */
  arrived = 0;
  /** Instant of the next arrival; `Infinity` after the last. */
  nextArrival: number;
  readonly #arrivals: ArrivalSequence;
  readonly #gap: number;
  readonly #window: number;
  readonly #spare: VirtualRequest[] = [];
  #seen = 0;

  /** `gap`: microseconds between arrivals on average. `window`: requests that one decision looks at. */
  constructor(arrivals: ArrivalSequence, gap: number, window: number) {
    this.#arrivals = arrivals;
    this.#gap = gap;
    this.#window = window;
    this.nextArrival = this.#instant(0);
  }

  get length(): number {
    return this.oldest.length + this.arrived - this.#seen;
  }

  /** Lets the next request of the sequence arrive. */
  arrive(): void {
    this.arrived += 1;
    this.nextArrival = this.#instant(this.arrived);
    if (this.oldest.length < this.#window) this.#fill();
  }

  /** Removes a batch that the former chose from `oldest`. */
  take(batch: readonly VirtualRequest[]): void {
    for (const request of batch) {
      request.index = -1;
      this.#spare.push(request);
    }
    const { oldest } = this;
    let kept = 0;
    for (let i = 0; i < oldest.length; i += 1) {
      const request = oldest[i] as VirtualRequest;
      if (request.index < 0) continue;
      oldest[kept] = request;
      kept += 1;
    }
    oldest.length = kept;
    this.#fill();
  }

  /** Brings what waits beyond the window into it, as far as there is room. */
  #fill(): void {
    while (this.oldest.length < this.#window && this.#seen < this.arrived) {
      const index = this.#seen;
      const shape = this.#arrivals.shapes[this.#arrivals.choice[index] as number] as RequestShape;
      this.oldest.push(this.#request(index, shape));
      this.#seen += 1;
    }
  }

  #request(index: number, { rows, length, group }: RequestShape): VirtualRequest {
    const arrival = this.#instant(index);
    const used = this.#spare.pop();
    if (used === undefined) return { arrival, deadline: Number.POSITIVE_INFINITY, rows, length, group, index };
    used.arrival = arrival;
    used.rows = rows;
    used.length = length;
    used.group = group;
    used.index = index;
    return used;
  }

  #instant(index: number): number {
    const { instants } = this.#arrivals;
    return index < instants.length ? (instants[index] as number) * this.#gap : Number.POSITIVE_INFINITY;
  }
}
