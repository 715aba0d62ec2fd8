import type { AdmissionPolicy, ServiceLevelTarget } from "@sweetspot/crds";
import { type CostModel, predictWait } from "@sweetspot/planner";

/** What already waits and runs. */
export interface Load {
  readonly queuedRows: number;
  readonly queuedBytes: number;
  /** Engine time that the queue will take when batched well. */
  readonly queuedMicroseconds: number;
  /** Engine time that the running batches still need. */
  readonly runningMicroseconds: number;
  readonly engines: number;
}

export interface Candidate {
  readonly rows: number;
  readonly length: number;
  readonly bytes: number;
  readonly now: number;
  /** When its answer becomes late, see `onTimeUntil`. */
  readonly onTimeUntil: number;
}

export interface AdmissionRules {
  readonly admission: AdmissionPolicy;
  /** null without a cost table: then nothing is predicted. */
  readonly cost: CostModel | null;
}

export interface Refusal {
  readonly code: "QueueFull" | "TooLate" | "TooManyRows";
  readonly retryAfterSeconds: number;
}

/**
 * An answer that misses the target is late, but most clients still want it. So a request without a time limit of its
 * own expires only after ten times the target; one that gives `parameters.timeout` expires just then.
 */
export const lateAnswerFactor = 10;
/**
 * No request without a limit of its own expires before this: a target that the machine cannot meet at all must not turn
 * every answer into an error.
 */
const shortestPatienceMilliseconds = 500;

/** The instant (microseconds) after which an answer is late: the client's own limit, else the target. */
export function onTimeUntil(arrival: number, timeoutMicroseconds: number | null, target: ServiceLevelTarget): number {
  return arrival + (timeoutMicroseconds ?? target.latencyMilliseconds * 1000);
}

/** The instant (microseconds) after which an answer is of no use. */
export function deadlineOf(arrival: number, timeoutMicroseconds: number | null, target: ServiceLevelTarget): number {
  const patience = Math.max(shortestPatienceMilliseconds, target.latencyMilliseconds * lateAnswerFactor);
  return arrival + (timeoutMicroseconds ?? patience * 1000);
}

/**
 * May another body of `bytes` be read at all? Asked before the body is parsed, so that a full server spends nothing on
 * what it refuses.
 */
export function queueIsFull(
  load: Load,
  bytes: number,
  { maximumQueuedRows, maximumQueuedBytes }: AdmissionPolicy,
): boolean {
  if (load.queuedRows === 0) return false;
  return load.queuedRows >= maximumQueuedRows || load.queuedBytes + bytes > maximumQueuedBytes;
}

/**
 * Decides about a parsed request; null admits it. An idle server admits whatever may ever wait: a cost table that is
 * wrong cannot close a server for good, because each batch that runs corrects the picture.
 */
export function admit(candidate: Candidate, load: Load, { admission, cost }: AdmissionRules): Refusal | null {
  if (candidate.rows > admission.maximumQueuedRows) return { code: "TooManyRows", retryAfterSeconds: 0 };
  const retryAfterSeconds = secondsUntilEmpty(load);
  const fits =
    load.queuedRows === 0 ||
    (load.queuedRows + candidate.rows <= admission.maximumQueuedRows &&
      load.queuedBytes + candidate.bytes <= admission.maximumQueuedBytes);
  if (!fits) return { code: "QueueFull", retryAfterSeconds };
  const idle = load.queuedRows === 0 && load.runningMicroseconds === 0;
  if (cost === null || !admission.refuseLate || idle) return null;
  const completion = candidate.now + predictWait(candidate, load, cost);
  return completion > latestCompletion(candidate, cost) ? { code: "TooLate", retryAfterSeconds } : null;
}

/**
 * Admitting what will be late keeps a queue in which, under steady overload, everybody is late. But a request that is
 * itself about as long as the target could then never enter a busy server, so it may wait for its own duration.
 */
function latestCompletion({ rows, length, now, onTimeUntil }: Candidate, cost: CostModel): number {
  return Math.max(onTimeUntil, now + 2 * cost.servingMicroseconds(rows, 1, length));
}

/** Whole seconds, at least one, until the work that waits now should be done. */
export function secondsUntilEmpty(load: Load): number {
  const microseconds = (load.queuedMicroseconds + load.runningMicroseconds) / Math.max(1, load.engines);
  return Math.max(1, Math.ceil(microseconds / 1e6));
}
