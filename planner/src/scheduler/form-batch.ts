import type { BatchPolicy } from "@sweetspot/crds";
import type { CostModel } from "../cost/cost-model.ts";
import { batchAt, type CutLimits } from "./cut.ts";
import type { QueuedRequest } from "./queued-request.ts";
import { Window } from "./window.ts";

/** What to do with the queue now. */
export type FormerDecision<R> =
  | { readonly kind: "Dispatch"; readonly requests: R[] }
  /** Ask again when something arrives, and at this instant (microseconds) at the latest. */
  | { readonly kind: "Hold"; readonly until: number }
  | { readonly kind: "Idle" };

/**
 * The batch former: decides which waiting requests an engine takes next. Pure; the server runs it in real time and the
 * simulator in virtual time, so that the tuner predicts the very policy that will serve.
 *
 * It is called as late as possible, when an engine can take a batch. The next batch always contains the oldest request,
 * so nothing starves; the rest of it are the requests that cost least to run together with it.
 *
 * `queue`: requests in order of arrival, none of them expired. `idleEngines`: how many engines wait for work (>= 1).
 */
export function formBatch<R extends QueuedRequest>(
  queue: readonly R[],
  now: number,
  idleEngines: number,
  policy: BatchPolicy,
  cost: CostModel,
): FormerDecision<R> {
  const oldest = queue[0];
  if (oldest === undefined) return { kind: "Idle" };
  if (policy.maximumRows === 1) return { kind: "Dispatch", requests: [oldest] };
  window.gather(queue, policy.windowRequests, oldest.group);
  if (shouldHold(oldest, now, policy)) return { kind: "Hold", until: oldest.arrival + policy.holdMicroseconds };
  if (window.count === 1) return { kind: "Dispatch", requests: [oldest] };
  const limits = limitsFor(idleEngines, policy);
  const requests = policy.former === "Fifo" ? inOrder(queue, limits, cost) : withOldest(queue, limits, cost);
  return { kind: "Dispatch", requests: withinDeadlines(requests, oldest, now, cost) };
}

/** The oldest requests that may share a batch with the oldest of all; what the functions below look at. */
const window = new Window();

/** With several idle engines a short queue is shared among them: two engines with one row each beat one with two. */
function limitsFor(idleEngines: number, policy: BatchPolicy): CutLimits {
  if (idleEngines <= 1) return policy;
  return {
    maximumRows: Math.min(policy.maximumRows, Math.max(1, Math.ceil(window.totalRows / idleEngines))),
    maximumBatchMicroseconds: policy.maximumBatchMicroseconds,
  };
}

function shouldHold(oldest: QueuedRequest, now: number, policy: BatchPolicy): boolean {
  if (policy.holdMicroseconds === 0) return false;
  return now < oldest.arrival + policy.holdMicroseconds && window.totalRows < policy.maximumRows;
}

/** Arrival order until a limit is reached: the baseline that most batchers implement. */
function inOrder<R extends QueuedRequest>(queue: readonly R[], limits: CutLimits, cost: CostModel): R[] {
  const batch: R[] = [];
  let rows = 0;
  let length = 0;
  for (let i = 0; i < window.count; i += 1) {
    rows += window.rows[i] as number;
    length = Math.max(length, window.lengths[i] as number);
    const tooLarge =
      rows > limits.maximumRows || cost.batchMicroseconds(rows, length) > limits.maximumBatchMicroseconds;
    if (i > 0 && tooLarge) break;
    batch.push(queue[window.positions[i] as number] as R);
  }
  return batch;
}

/** The batch of the cheapest cut of the whole window that the oldest request belongs to. */
function withOldest<R extends QueuedRequest>(queue: readonly R[], limits: CutLimits, cost: CostModel): R[] {
  if (limits.maximumRows === 1) return [queue[0] as R];
  window.sort();
  const [from, to] = batchAt(window.order.indexOf(0), window, limits, cost);
  const batch: R[] = [];
  for (let i = from; i < to; i += 1) batch.push(queue[window.positions[window.order[i] as number] as number] as R);
  return batch;
}

/** Leaves the longest batch-mates for later while the batch would make a request late that alone would be in time. */
function withinDeadlines<R extends QueuedRequest>(batch: R[], oldest: R, now: number, cost: CostModel): R[] {
  if (batch.length === 1 || !hasDeadline(batch)) return batch;
  const alone = (request: R) => now + cost.servingMicroseconds(request.rows, 1, request.length);
  const savable = batch.filter((request) => Number.isFinite(request.deadline) && alone(request) <= request.deadline);
  if (savable.length === 0) return batch;
  let kept = batch;
  while (kept.length > 1 && now + timeOf(kept, cost) > earliest(savable, kept)) {
    const dropped = longest(kept, oldest);
    kept = kept.filter((request) => request !== dropped);
  }
  return kept;
}

function hasDeadline(batch: readonly QueuedRequest[]): boolean {
  for (const { deadline } of batch) if (deadline < Number.POSITIVE_INFINITY) return true;
  return false;
}

const earliest = <R extends QueuedRequest>(savable: readonly R[], kept: readonly R[]): number =>
  Math.min(...savable.filter((request) => kept.includes(request)).map((request) => request.deadline));

const longest = <R extends QueuedRequest>(batch: readonly R[], oldest: R): R =>
  batch.filter((request) => request !== oldest).reduce((a, b) => (b.length >= a.length ? b : a));

function timeOf(batch: readonly QueuedRequest[], cost: CostModel): number {
  let rows = 0;
  let length = 1;
  for (const request of batch) {
    rows += request.rows;
    length = Math.max(length, request.length);
  }
  return cost.servingMicroseconds(rows, batch.length, length);
}
