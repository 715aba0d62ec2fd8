import type { CostModel } from "../cost/cost-model.ts";
import type { QueuedRequest } from "./queued-request.ts";

/** What a batch may not exceed. A single request is always allowed, however large. */
export interface CutLimits {
  readonly maximumRows: number;
  readonly maximumBatchMicroseconds: number;
}

/** Half-open ranges `[from, to)` into the sorted requests, one per batch, in order. */
export type Cut = [from: number, to: number][];

/**
 * Cuts requests into batches so that the sum of the batches' times is least.
 *
 * `sorted`: one group, by ascending length; a batch is a run of neighbours and is padded to its last one's length.
 * Under a cost that grows with rows and length no other grouping of single-row requests is cheaper: any partition can be
 * rearranged into neighbours with the same batch sizes and no longer paddings.
 *
 * Dynamic programming over prefixes, O(n x maximumRows). Source: the batch cutting of TurboTransformers (Fang et al.,
 * PPoPP 2021, algorithm 3), with row counts, a cap on duration and the server's own cost per batch added.
 */
export function cutByCost(sorted: readonly QueuedRequest[], limits: CutLimits, cost: CostModel): Cut {
  const count = sorted.length;
  const total = new Float64Array(count + 1);
  const start = new Int32Array(count + 1);
  for (let to = 1; to <= count; to += 1) cheapestLastBatch(sorted, limits, cost, { to, total, start });
  const cut: Cut = [];
  for (let to = count; to > 0; to = start[to] as number) cut.push([start[to] as number, to]);
  return cut.reverse();
}

/** Sums of the same batches in another order differ by so much. */
const rounding = 1e-9;

interface Prefixes {
  readonly to: number;
  /** Least total of the first i requests. */
  readonly total: Float64Array;
  /** Where the last batch of that cut begins. */
  readonly start: Int32Array;
}

function cheapestLastBatch(
  sorted: readonly QueuedRequest[],
  limits: CutLimits,
  cost: CostModel,
  { to, total, start }: Prefixes,
): void {
  const last = sorted[to - 1] as QueuedRequest;
  const column = cost.column(last.length, Math.max(limits.maximumRows, last.rows));
  const fixed = cost.overhead.perBatchMicroseconds;
  let rows = last.rows;
  let best = (total[to - 1] as number) + (column[rows] as number) + fixed;
  let bestFrom = to - 1;
  for (let from = to - 2; from >= 0; from -= 1) {
    rows += (sorted[from] as QueuedRequest).rows;
    if (rows > limits.maximumRows) break;
    const batch = column[rows] as number;
    if (batch > limits.maximumBatchMicroseconds) break;
    const candidate = (total[from] as number) + batch + fixed;
    // On equal cost the smaller last batch wins, so that what does not fill a batch is left for later and the batches at
    // the front, which hold the oldest of equal length, are full.
    if (candidate < best * (1 - rounding)) {
      best = candidate;
      bestFrom = from;
    }
  }
  total[to] = best;
  start[to] = bestFrom;
}
