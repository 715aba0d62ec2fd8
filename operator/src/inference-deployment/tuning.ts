import type { TuningRunSpec } from "@sweetspot/crds";
import type { StoredTuningRun } from "../resources.ts";
import { runName } from "../specs/names.ts";
import type { Question } from "../specs/tuning-question.ts";
import { isFinished } from "../tuning-run/observed.ts";
import { pauseAfter } from "../tuning-run/pause.ts";
import { answerFor, askedBy, sameQuestion } from "./answer.ts";
import type { ObservedTarget } from "./observed.ts";

/** The run of the present question that was tried last. */
export interface Attempt {
  readonly run: StoredTuningRun;
  readonly attempt: number;
  readonly state: "Waiting" | "Running" | "Answered" | "Failed";
  /** Why it waits or failed, as the run's own conditions say it. */
  readonly reason: string;
  readonly message: string;
}

const mostAttempts = 100;
/** Finished runs of other questions that are kept for a look back. */
const history = 3;

export function latestAttempt(question: Question, { runs }: ObservedTarget): Attempt | null {
  const asked = runs
    .filter((run) => asks(run, question))
    .map((run) => attemptOf(run, run.spec.attempt ?? 1))
    .sort((a, b) => a.attempt - b.attempt);
  return asked.at(-1) ?? null;
}

function asks(run: StoredTuningRun, question: Question): boolean {
  const asked = askedBy(run);
  return asked !== null && sameQuestion(asked, question);
}

function attemptOf(run: StoredTuningRun, attempt: number): Attempt {
  const condition = (type: string) => run.status?.conditions?.find((one) => one.type === type);
  const failed = condition("Failed");
  const complete = condition("Complete");
  if (failed?.status === "True") {
    return { run, attempt, state: "Failed", reason: failed.reason, message: failed.message };
  }
  const state = complete?.status === "True" ? "Answered" : complete?.reason === "Running" ? "Running" : "Waiting";
  return { run, attempt, state, reason: complete?.reason ?? "", message: complete?.message ?? "" };
}

/** What is to be asked next. */
export type NextRun =
  | { readonly kind: "None" }
  | { readonly kind: "Later"; readonly milliseconds: number }
  | { readonly kind: "Now"; readonly name: string; readonly spec: TuningRunSpec };

/**
 * Exactly one run per question and attempt: the name follows from both. An answer whose plan is lost is asked for anew, and so
 * is one that no longer holds: `wanted` is the attempt that is to replace it.
 */
export function nextRun(question: Question, target: ObservedTarget, now: number, wanted: number | null): NextRun {
  const latest = latestAttempt(question, target);
  if (latest === null) return start(question, 1, target.runs.length === 0 ? "Initial" : "SpecChanged");
  const lost = latest.state === "Answered" && answerFor(question, target)?.current !== true;
  if (wanted === latest.attempt + 1 && latest.state === "Answered") return start(question, wanted, "Drift");
  // While an answer serves, a measurement that fails is not repeated: the loop decides anew.
  const spare = latest.state === "Failed" && answerFor(question, target)?.current === true;
  if (spare) return { kind: "None" };
  if ((latest.state !== "Failed" && !lost) || latest.attempt >= mostAttempts) return { kind: "None" };
  const due = Date.parse(latest.run.status?.finishedAt ?? "") + pauseAfter(latest.attempt);
  if (due > now) return { kind: "Later", milliseconds: due - now };
  return start(question, latest.attempt + 1, "Retry");
}

function start(question: Question, attempt: number, trigger: TuningRunSpec["trigger"]): NextRun {
  const name = runName(question.modelName, question.target as string, question, attempt);
  return { kind: "Now", name, spec: { ...question, attempt, trigger } };
}

/**
 * Runs that nobody needs any more: unfinished ones but the present one, and finished ones beyond the history.
 * `question` is null when nothing is asked.
 */
export function obsoleteRuns(
  question: Question | null,
  target: ObservedTarget,
  serving: ReadonlySet<string>,
): StoredTuningRun[] {
  const newest = question === null ? undefined : latestAttempt(question, target)?.run.metadata.name;
  const others = target.runs.filter(({ metadata }) => !serving.has(metadata.name) && metadata.name !== newest);
  const unfinished = others.filter((run) => !isFinished(run));
  const finished = others
    .filter(isFinished)
    .toSorted((a, b) => (b.status?.finishedAt ?? "").localeCompare(a.status?.finishedAt ?? ""));
  return [...unfinished, ...finished.slice(history)].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The Job's pod found no node with room. */
export const waitsForRoom = (attempt: Attempt | null): boolean =>
  attempt?.state === "Waiting" && /insufficient|didn't match|node\(s\)|nodes are available/i.test(attempt.message);
