import type { BatchPolicy } from "@sweetspot/crds";
import type { CostModel } from "../cost/cost-model.ts";
import { frontWait } from "../cost/front-wait.ts";
import type { QueuedRequest } from "./queued-request.ts";

type Shape = Pick<QueuedRequest, "rows" | "length">;

/** What one request adds to the work of the engines when it is batched well, microseconds. */
export function shareOfWork(request: Shape, policy: BatchPolicy, cost: CostModel): number {
  const row = cost.bestRowMicroseconds(request.length, policy.maximumRows, policy.maximumBatchMicroseconds);
  return request.rows * row + besideTheEngine(cost);
}

/** The front's CPU time is counted as if engines waited for it: on busy CPUs they do, and admission must not hope. */
const besideTheEngine = ({ overhead }: CostModel): number =>
  overhead.perRequestMicroseconds + (overhead.shared?.microsecondsPerRequest ?? 0);

/**
 * Predicted time from now until the answer of a newly arrived request, microseconds: the work before it, spread over
 * the engines, then its own batch. `queuedMicroseconds` is the sum of `shareOfWork` over the queue, which the caller
 * keeps up to date so that admission stays O(1); `runningMicroseconds` is what the engines still have in hand.
 */
export function predictWait(
  request: Shape,
  load: { readonly queuedMicroseconds: number; readonly runningMicroseconds: number; readonly engines: number },
  cost: CostModel,
): number {
  const ahead = (load.queuedMicroseconds + load.runningMicroseconds) / Math.max(1, load.engines);
  return ahead + cost.servingMicroseconds(request.rows, 1, request.length) + frontWait(cost.overhead);
}
