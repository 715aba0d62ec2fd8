import type { QueuedRequest } from "./queued-request.ts";
import { stableOrder } from "./stable-order.ts";

/**
 * The requests that one decision looks at, as columns of numbers. The arrays are used again for every decision: a busy
 * server, and the simulator a million times a second, would otherwise collect more garbage than decide. A decision is
 * synchronous, so never more than one is at work on them.
 */
export class Window {
  /** How many requests there are. */
  count = 0;
  /** Rows of all of them together. */
  totalRows = 0;
  /** In order of arrival. */
  rows = new Int32Array(64);
  lengths = new Float64Array(64);
  /** In order of arrival: where each one stands in the queue. */
  positions = new Int32Array(64);
  /** After `sort`: indices of the columns above by ascending length, those of equal length by arrival; and the columns so. */
  order = new Int32Array(64);
  sortedRows = new Int32Array(64);
  sortedLengths = new Float64Array(64);
  #scratch = new Int32Array(64);

  /** Takes the requests of one group out of the first `size` of the queue. */
  gather(queue: readonly QueuedRequest[], size: number, group: string): void {
    const end = Math.min(queue.length, size);
    if (end > this.rows.length) this.#grow(end);
    const { rows, lengths, positions } = this;
    let count = 0;
    let totalRows = 0;
    for (let i = 0; i < end; i += 1) {
      const request = queue[i] as QueuedRequest;
      if (request.group !== group) continue;
      rows[count] = request.rows;
      lengths[count] = request.length;
      positions[count] = i;
      totalRows += request.rows;
      count += 1;
    }
    this.count = count;
    this.totalRows = totalRows;
  }

  sort(): void {
    const { count, rows, lengths, order, sortedRows, sortedLengths } = this;
    stableOrder(count, { keys: lengths, order, scratch: this.#scratch });
    for (let i = 0; i < count; i += 1) {
      const from = order[i] as number;
      sortedRows[i] = rows[from] as number;
      sortedLengths[i] = lengths[from] as number;
    }
  }

  #grow(size: number): void {
    this.rows = new Int32Array(size);
    this.lengths = new Float64Array(size);
    this.positions = new Int32Array(size);
    this.order = new Int32Array(size);
    this.sortedRows = new Int32Array(size);
    this.sortedLengths = new Float64Array(size);
    this.#scratch = new Int32Array(size);
  }
}
