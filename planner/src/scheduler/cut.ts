import type { CostModel } from "../cost/cost-model.ts";
import type { QueuedRequest } from "./queued-request.ts";
import { Window } from "./window.ts";

/** What a batch may not exceed. A single request is always allowed, however large. */
export interface CutLimits {
  readonly maximumRows: number;
  readonly maximumBatchMicroseconds: number;
}

/** A batch as a half-open range into requests that are sorted by length. */
export type Range = [from: number, to: number];

/**
 * Cuts requests into batches so that the sum of the batches' times is least; gives the batches in order.
 *
 * `sorted`: one group, by ascending length; a batch is a run of neighbours and is padded to its last one's length.
 * Under a cost that grows with rows and length no other grouping of single-row requests is cheaper: any partition can be
 * rearranged into neighbours with the same batch sizes and no longer paddings.
 *
 * Dynamic programming over prefixes, O(n x maximumRows). Source: the batch cutting of TurboTransformers (Fang et al.,
 * PPoPP 2021, algorithm 3), with row counts, a cap on duration and the server's own cost per batch added.
 */
export function cutByCost(sorted: readonly QueuedRequest[], limits: CutLimits, cost: CostModel): Range[] {
  const window = new Window();
  window.gather(sorted, sorted.length, sorted[0]?.group ?? "");
  window.sort();
  const starts = cheapestStarts(window, limits, cost);
  const cut: Range[] = [];
  for (let to = window.count; to > 0; to = starts[to] as number) cut.push([starts[to] as number, to]);
  return cut.reverse();
}

/** The one batch of the cheapest cut of a sorted window that the request at `position` of its order is in. */
export function batchAt(position: number, window: Window, limits: CutLimits, cost: CostModel): Range {
  const starts = cheapestStarts(window, limits, cost);
  let to = window.count;
  while ((starts[to] as number) > position) to = starts[to] as number;
  return [starts[to] as number, to];
}

/** Sums of the same batches in another order differ by so much. */
const rounding = 1e-9;

/** Least total of the first i requests, and where the last batch of that cut begins; used again by every cut. */
let totals = new Float64Array(65);
let starts = new Int32Array(65);

/** Valid until the next cut: `starts[to]` is where the batch that ends at `to` begins in the cheapest cut of `[0, to)`. */
function cheapestStarts(window: Window, limits: CutLimits, cost: CostModel): Int32Array {
  const { count, sortedRows, sortedLengths } = window;
  if (starts.length <= count) {
    totals = new Float64Array(count + 1);
    starts = new Int32Array(count + 1);
  }
  for (let to = 1; to <= count; to += 1) {
    const rows = sortedRows[to - 1] as number;
    const column = cost.column(sortedLengths[to - 1] as number, Math.max(limits.maximumRows, rows));
    cheapestLastBatch(to, sortedRows, column, limits, cost.overhead.perBatchMicroseconds);
  }
  return starts;
}

/** Fills in `totals[to]` and `starts[to]`. `column`: times by row count at the length of the last request. */
function cheapestLastBatch(
  to: number,
  sortedRows: Int32Array,
  column: Float64Array,
  { maximumRows, maximumBatchMicroseconds }: CutLimits,
  perBatch: number,
): void {
  // Read once: the engine cannot know that the arrays of the module stay the same during the loop.
  const least = totals;
  let rows = sortedRows[to - 1] as number;
  let best = (least[to - 1] as number) + (column[rows] as number) + perBatch;
  let bestFrom = to - 1;
  for (let from = to - 2; from >= 0; from -= 1) {
    rows += sortedRows[from] as number;
    if (rows > maximumRows) break;
    const batch = column[rows] as number;
    if (batch > maximumBatchMicroseconds) break;
    const candidate = (least[from] as number) + batch + perBatch;
    // On equal cost the smaller last batch wins, so that what does not fill a batch is left for later and the batches at
    // the front, which hold the oldest of equal length, are full.
    if (candidate < best * (1 - rounding)) {
      best = candidate;
      bestFrom = from;
    }
  }
  least[to] = best;
  starts[to] = bestFrom;
}
