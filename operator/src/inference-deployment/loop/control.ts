import {
  canonicalJson,
  type InferenceDeploymentSpec,
  type PlanHistory,
  type ScalingReason,
  type TargetDiagnosis,
} from "@sweetspot/crds";
import { costShift } from "../../policies/diagnosis/cost-shift.ts";
import { type DiagnosisResult, diagnose } from "../../policies/diagnosis/diagnose.ts";
import type { Observation } from "../../policies/diagnosis/observation.ts";
import { judgeNodes, type NodeVerdict, type PodOnNode } from "../../policies/node-kinds.ts";
import { recentShare, snapshotOf, surgeRate } from "../../policies/pod-traffic.ts";
import {
  decideRetuning,
  defaultRetuning,
  type RetuningDecision,
  type RetuningSettings,
} from "../../policies/retuning.ts";
import type { Pod } from "../../resources.ts";
import type { Answer } from "../answer.ts";
import { measuredKind, podsWithoutPlan } from "../kinds.ts";
import type { ObservedTarget } from "../observed.ts";
import { withBaseline } from "./baseline.ts";
import { carryOut } from "./carry-out.ts";
import { diagnosisStatus } from "./diagnosis-status.ts";
import { lookAtTarget, type TargetLook } from "./look.ts";
import { obeyPerson, type PersonRequests } from "./person-requests.ts";
import { withRecord } from "./record-traffic.ts";
import { longestMessage, type Moment, promote, takeUp, withoutTrial } from "./revisions.ts";
import { revisionNamed, type Serving } from "./serving.ts";
import { readHistory, type StoredHistory } from "./stored-history.ts";
import { canTry, judgeTrial, type TrialVerdict } from "./trial.ts";

/** Everything that the control loop of one target depends on. */
export interface ControlQuestion {
  readonly observed: ObservedTarget;
  /** Pods that answer requests. */
  readonly ready: readonly Pod[];
  readonly spec: InferenceDeploymentSpec;
  /** metadata.generation. */
  readonly generation: number;
  readonly requests: PersonRequests;
  /** Where these run. */
  readonly pods: readonly PodOnNode[];
  /** Answers that still say how to serve the target, best first; none while tuning is off. */
  readonly answers: readonly Answer[];
  /** Attempts at the present question so far, and whether the last one failed. */
  readonly attempts: { readonly last: number; readonly failed: boolean };
  readonly jobs: { readonly fleet: number; readonly node: number };
  /** What status said of the target before. */
  readonly previous: TargetDiagnosis | undefined;
  /** How the replicas follow the load by themselves; null where they do not. */
  readonly scaling: ScalingReason | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A plan is held against what it did after so many seconds. */
  readonly baselineSeconds: number;
}

/** What the loop made of it. */
export interface TargetControl {
  readonly look: TargetLook;
  /** The history as it should be stored; null while nothing was measured. */
  readonly stored: StoredHistory | null;
  /** What the pods should run; null while nothing was measured. */
  readonly serving: Serving | null;
  readonly diagnosis: TargetDiagnosis | null;
  readonly moment: Moment;
}

/** A share of bad requests before a change is that of the last minutes. */
const shareSeconds = 300;

/** Watches one target: judges its promise, finds the cause of a breach, and decides what is done. Pure. */
export function controlTarget(question: ControlQuestion): TargetControl {
  const { observed, ready, spec, answers, now, requests, generation } = question;
  const { percentile, latencyMilliseconds } = spec.serviceLevel;
  const before = readHistory(observed.history);
  const running = before === null ? null : revisionNamed(requests.pin ?? before.history.serving, before, answers);
  const [answer] = answers;
  const look = lookAtTarget({
    observed,
    ready,
    target: { percentile, latencyMilliseconds },
    revision: running?.plan.revision ?? null,
    without: podsWithoutPlan(running, question.pods, spec, requests.pin !== null),
    now,
  });
  const traffic = snapshotOf(look.pods, now);
  const moment: Moment = {
    now,
    traffic,
    shareBefore: recentShare(look.pods, now / 1000, shareSeconds),
    canTry: requests.pin === null && canTry(look.pods, traffic.requestsPerSecond),
  };
  if (answer === undefined) return { look, stored: before, serving: null, diagnosis: null, moment };
  // A history whose plan is gone begins anew.
  const present = before === null ? null : revisionNamed(before.history.serving, before, answers);
  const usable = present === null ? null : before;
  // What answers another question than the plan that serves, after a change of the spec, is not the same thing done better. Nor is what was
  // measured for other nodes.
  const comparable =
    present?.answer.current === true && answer.current && nodesOf(question, present).kind !== "Changed";
  const taken = takeUp(usable, answer, generation, { ...moment, canTry: moment.canTry && comparable });
  const begun = usable === null ? { ...taken, history: { ...taken.history, ...inherited(before, requests) } } : taken;
  const obeyed = obeyPerson(begun, question, moment);
  const pinned = revisionNamed(requests.pin, obeyed, answers);
  const serving = pinned ?? revisionNamed(obeyed.history.serving, obeyed, answers);
  if (serving === null || obeyed !== before) {
    return { look, stored: obeyed, serving, diagnosis: null, moment };
  }
  return react(question, { stored: obeyed, serving, pinned: pinned !== null, look, moment });
}

const nodesOf = ({ pods }: ControlQuestion, { answer }: Serving): NodeVerdict => judgeNodes(measuredKind(answer), pods);

/** What a history that begins anew has from the one before, if any: budgets stay spent, and old requests obeyed. */
const inherited = (
  before: StoredHistory | null,
  { retune, rollback, promote }: PersonRequests,
): Partial<PlanHistory> => ({
  obeyed: { retune, rollback, promote },
  ...(before === null ? {} : { retuning: before.history.retuning }),
});

interface Situation {
  readonly stored: StoredHistory;
  readonly serving: Serving;
  readonly pinned: boolean;
  readonly look: TargetLook;
  readonly moment: Moment;
}

function react(question: ControlQuestion, situation: Situation): TargetControl {
  const { look, moment, serving, stored, pinned } = situation;
  const { now, previous, answers, attempts, scaling, baselineSeconds } = question;
  const measured = serving.plan.costTable !== undefined;
  const judged = afterTrial(question, situation);
  if (judged !== null) return judged;
  const kept = withBaseline(withoutFailedWork(stored.history, attempts), moment.traffic, look.level, {
    measured,
    now,
    baselineSeconds,
  });
  const observation = observationOf(question, { ...situation, stored: { ...stored, history: kept } });
  const slowdown = costShift(observation)?.overall ?? null;
  const noted = withRecord(kept, { ...look, serving: serving.revision, slowdown, moment });
  const found = diagnose(observation);
  const decision = decide(question, found, noted, { ...situation, pinned });
  const { pending, ...remembered } = decision.state;
  const memory = { ...look.memory, pending };
  const history: PlanHistory = { ...noted, retuning: { ...remembered, pending: null } };
  const after = carryOut({ history, decision, observation, moment, attempts, cause: found.cause });
  const next = sameHistory(after, stored.history) ? stored : { ...stored, history: after };
  const chosen = pinned ? serving : (revisionNamed(after.serving, next, answers) ?? serving);
  const { lastResult, trial } = kept;
  const words = { decision, work: kept.work ?? after.work, trying: trial !== null, lastResult, scaling, now };
  const diagnosis = found.cause === null ? null : diagnosisStatus({ ...words, cause: found.cause }, previous);
  return { look: { ...look, memory }, stored: next, serving: chosen, diagnosis, moment };
}

/** What a trial that is decided comes to; null while there is none, or it goes on. */
function afterTrial(
  question: ControlQuestion,
  { stored, look, moment, serving, pinned }: Situation,
): TargetControl | null {
  const { now, answers } = question;
  const { history } = stored;
  const { trial } = history;
  if (trial === null) return null;
  const candidate = revisionNamed(trial.revision, stored, answers);
  const verdict: TrialVerdict =
    candidate === null || pinned || nodesOf(question, serving).kind === "Changed"
      ? { kind: "Refuse", message: "It cannot be tried any more." }
      : judgeTrial(trial, look.pods, now);
  if (verdict.kind === "Continue") return null;
  const next =
    verdict.kind === "Promote" && candidate !== null
      ? promote(history, { ...candidate.revision, message: verdict.message }, moment)
      : withoutTrial(history, verdict.message, moment);
  const after = {
    ...stored,
    history: { ...next, lastResult: `${trial.revision}: ${verdict.message}`.slice(0, longestMessage) },
  };
  const chosen = pinned ? serving : (revisionNamed(next.serving, after, answers) ?? serving);
  return { look, stored: after, serving: chosen, diagnosis: null, moment };
}

/** A measurement that was asked for and failed is over: the next one has to be decided again. */
function withoutFailedWork(history: PlanHistory, { last, failed }: ControlQuestion["attempts"]): PlanHistory {
  const { work } = history;
  if (work?.kind !== "Benchmark" || work.attempt === null || last < work.attempt || !failed) return history;
  return { ...history, work: null, lastResult: "The measurement that was asked for failed: see its TuningRun." };
}

function observationOf(question: ControlQuestion, situation: Situation): Observation {
  const { spec, ready, answers } = question;
  const { stored, serving, look, moment } = situation;
  const { percentile, latencyMilliseconds } = spec.serviceLevel;
  const { name, since, previous, shareBefore } = serving.revision;
  const back = revisionNamed(previous, stored, answers);
  return {
    target: { percentile, latencyMilliseconds },
    level: look.level,
    present: moment.traffic,
    surge: surgeRate(look.pods, moment.now / 1000),
    promoted: stored.history.baseline.traffic,
    revision: { name, since: Date.parse(since), previous: back === null ? null : previous, shareBefore },
    plan: {
      costTable: serving.plan.costTable ?? null,
      layout: serving.plan.layout,
      capacityRequestsPerSecond: serving.revision.capacityRequestsPerSecond,
      bestReachableMilliseconds: serving.answer.result.bestReachableMilliseconds,
    },
    readyReplicas: ready.length,
    nodes: nodesOf(question, serving),
  };
}

function decide(
  { spec, generation, jobs, now, observed }: ControlQuestion,
  { cause }: DiagnosisResult,
  { retuning, serving, work, trial }: PlanHistory,
  { look, pinned }: Situation,
): RetuningDecision {
  const { mode, ...limits } = spec.retuning;
  const settings: RetuningSettings = {
    ...defaultRetuning,
    ...limits,
    mode: mode === "Disabled" || pinned ? "Off" : mode,
  };
  const { memory } = observed;
  const pending = memory.subject === look.memory.subject ? memory.pending : null;
  const situation = { level: look.level, cause, generation, revision: serving, jobs };
  const decision = decideRetuning({ ...retuning, pending }, situation, settings, now);
  // One thing at a time: what a candidate does to the requests that it gets is no fault of the plan that serves.
  const going = work !== null || trial !== null;
  const busy = decision.kind === "Act" && going;
  if (!busy) return decision;
  return { kind: "Hold", reason: "CoolDown", until: null, state: { ...retuning, pending } };
}

const sameHistory = (a: PlanHistory, b: PlanHistory): boolean => canonicalJson(a) === canonicalJson(b);
