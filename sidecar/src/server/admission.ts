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
  readonly arrival: number;
  /** When its answer becomes late, see `onTimeUntil`. */
  readonly onTimeUntil: number;
}

export interface AdmissionRules {
  readonly admission: AdmissionPolicy;
  /** null without a cost table: then nothing is predicted. */
  readonly cost: CostModel | null;
  /** How much longer requests take than is predicted, see `PredictionPace`. */
  readonly pace: number;
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
/** Of the time that a client gives, so much is left for what the server does not see: both ways through sockets. */
const unseenShare = 0.1;
/** A prediction that fills less of the time that a client gives decides nothing, and teaches nothing. */
const pressingShare = 0.25;

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
 * Would even the smallest request be refused as late? Asked before the body is read: most refusals of an overloaded server then
 * cost next to nothing. `patience`: the longest that clients have lately given the server for an answer, microseconds.
 */
export function isHopeless(load: Load, patience: number, { admission, cost, pace }: AdmissionRules): boolean {
  if (cost === null || !admission.refuseLate || load.queuedRows === 0) return false;
  const smallest = { rows: 1, length: 1 };
  const budget = (1 - unseenShare) * patience;
  return pace * predictWait(smallest, load, cost) > Math.max(budget, 2 * cost.servingMicroseconds(1, 1, 1));
}

/**
 * Decides about a parsed request; null admits it. An idle server admits whatever may ever wait: a cost table that is
 * wrong cannot close a server for good, because each batch that runs corrects the picture.
 */
export function admit(candidate: Candidate, load: Load, rules: AdmissionRules): Refusal | null {
  const { admission } = rules;
  if (candidate.rows > admission.maximumQueuedRows) return { code: "TooManyRows", retryAfterSeconds: 0 };
  const retryAfterSeconds = secondsUntilEmpty(load);
  const fits =
    load.queuedRows === 0 ||
    (load.queuedRows + candidate.rows <= admission.maximumQueuedRows &&
      load.queuedBytes + candidate.bytes <= admission.maximumQueuedBytes);
  if (!fits) return { code: "QueueFull", retryAfterSeconds };
  return willBeLate(candidate, load, rules) ? { code: "TooLate", retryAfterSeconds } : null;
}

/**
 * Admitting what will be late keeps a queue in which, under steady overload, everybody is late. But a request that is
 * itself about as long as the target could then never enter a busy server, so it may wait for its own duration.
 */
function willBeLate(candidate: Candidate, load: Load, { admission, cost, pace }: AdmissionRules): boolean {
  const idle = load.queuedRows === 0 && load.runningMicroseconds === 0;
  if (cost === null || !admission.refuseLate || idle) return false;
  const own = cost.servingMicroseconds(candidate.rows, 1, candidate.length);
  return pace * predictWait(candidate, load, cost) > Math.max(budgetOf(candidate), 2 * own);
}

/** Until when an answer has to be ready, microseconds from now. */
const budgetOf = ({ now, arrival, onTimeUntil }: Candidate): number =>
  onTimeUntil - now - unseenShare * (onTimeUntil - arrival);

/**
 * What is predicted for an admitted request, microseconds, where that comes near the limit; null where it does not matter. Before
 * the pace is taken into account: short predictions are exceeded by larger factors, and a high pace would learn from them to rise.
 */
export function pressingPrediction(candidate: Candidate, load: Load, { cost }: AdmissionRules): number | null {
  if (cost === null) return null;
  const predicted = predictWait(candidate, load, cost);
  return predicted >= pressingShare * (candidate.onTimeUntil - candidate.arrival) ? predicted : null;
}

/** Whole seconds, at least one, until the work that waits now should be done. */
export function secondsUntilEmpty(load: Load): number {
  const microseconds = (load.queuedMicroseconds + load.runningMicroseconds) / Math.max(1, load.engines);
  return Math.max(1, Math.ceil(microseconds / 1e6));
}
