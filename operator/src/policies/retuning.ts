import type { RetuningAction, RetuningRecord, RetuningState } from "@sweetspot/crds";
import type { Diagnosis } from "./diagnosis/observation.ts";
import type { ServiceLevelVerdict } from "./service-level.ts";

/** `Recommend` says what it would do, and does nothing. */
type RetuningMode = "Automatic" | "Recommend" | "Off";

export interface RetuningSettings {
  readonly mode: RetuningMode;
  /** Least time between two actions; doubles after each that did not help. */
  readonly coolDownSeconds: number;
  /** A cause must hold for so long before something is done, unless the breach is urgent. */
  readonly settleSeconds: number;
  /** Most of each in any 24 hours. A rollback needs none: it undoes what was in the budget. */
  readonly dailyReplans: number;
  readonly dailyBenchmarks: number;
  /** Most tuning Jobs beside production, in the cluster and on a node. */
  readonly fleetJobs: number;
  readonly nodeJobs: number;
}

export const defaultRetuning: RetuningSettings = {
  mode: "Automatic",
  coolDownSeconds: 600,
  settleSeconds: 20,
  dailyReplans: 12,
  dailyBenchmarks: 2,
  fleetJobs: 4,
  nodeJobs: 1,
};

/** What is known at a look, besides what is remembered. */
export interface RetuningSituation {
  readonly level: Pick<ServiceLevelVerdict, "state" | "urgent">;
  /** From `diagnose`; null when there is nothing to do. */
  readonly cause: Diagnosis | null;
  /** metadata.generation: a change of the spec ends cool-down and back-off, never the daily budget. */
  readonly generation: number;
  /** The plan that runs. */
  readonly revision: string | null;
  /** Tuning Jobs that run now, in the cluster and on the node that one would get. */
  readonly jobs: { readonly fleet: number; readonly node: number };
}

type HoldReason =
  | "Off"
  | "NothingToDo"
  | "Settling"
  | "AlreadyRolledBack"
  | "CoolDown"
  | "BudgetSpent"
  | "JobsAtTheirLimit";

export type RetuningDecision =
  /** Do it. The state remembers it as done: an action that fails counts all the same. */
  | { readonly kind: "Act"; readonly action: RetuningAction; readonly state: RetuningState }
  /** Say so: a person or an autoscaler acts, if anybody. `action`: what `Automatic` would do. */
  | { readonly kind: "Tell"; readonly action: RetuningAction | null; readonly state: RetuningState }
  | {
      readonly kind: "Hold";
      readonly reason: HoldReason;
      /** When it is worth another look, milliseconds since the epoch; null where only a change helps. */
      readonly until: number | null;
      readonly state: RetuningState;
    };

const dayMilliseconds = 86_400_000;
const mostRecords = 64;
/** 2^6 cool-downs of ten minutes are half a day. */
const mostDoublings = 6;

export const initialRetuning = (generation: number): RetuningState => ({
  generation,
  records: [],
  pending: null,
  failures: 0,
});

/** Decides what is done about a cause, if anything. Pure: what it remembers is in the state that it gives back. */
export function decideRetuning(
  before: RetuningState,
  situation: RetuningSituation,
  settings: RetuningSettings,
  now: number,
): RetuningDecision {
  const state = refresh(before, situation, now);
  const hold = (reason: HoldReason, until: number | null, kept = state): RetuningDecision => ({
    kind: "Hold",
    reason,
    until,
    state: kept,
  });
  const { cause, level } = situation;
  if (settings.mode === "Off") return hold("Off", null, { ...state, pending: null });
  if (cause === null) return hold("NothingToDo", null, { ...state, pending: null });
  const pending = state.pending?.cause === cause.cause ? state.pending : { cause: cause.cause, since: iso(now) };
  const settling = { ...state, pending };
  const settled = Date.parse(pending.since) + settings.settleSeconds * 1000;
  if (!level.urgent && now < settled) return hold("Settling", settled, settling);
  const action = actionFor(cause, state);
  if (action === null || settings.mode === "Recommend") return { kind: "Tell", action, state: settling };
  const obstacle = obstacleTo(action, settling, situation, settings, now);
  if (obstacle !== null) return hold(obstacle.reason, obstacle.until, settling);
  return { kind: "Act", action, state: remember(settling, action, cause, situation, now) };
}

/** Forgets what no longer counts. */
function refresh(before: RetuningState, { level, generation }: RetuningSituation, now: number): RetuningState {
  // What seems to lie ahead, after a clock was set back, still counts.
  const records = before.records.filter(({ at }) => Date.parse(at) > now - dayMilliseconds);
  if (generation !== before.generation) return { ...initialRetuning(generation), records };
  const helped = level.state === "Met" ? { failures: 0 } : {};
  return { ...before, records, ...helped };
}

/** Null where nothing but words helps. Variants are reconsidered only when a replan for the same cause did not help. */
function actionFor({ cause, remedy }: Diagnosis, state: RetuningState): RetuningAction | null {
  if (remedy.kind === "RollBack" || remedy.kind === "Benchmark") return remedy.kind;
  if (remedy.kind !== "Replan") return null;
  const last = state.records.findLast(({ generation }) => generation === state.generation);
  const replanned = last?.cause === cause && last.action !== "RollBack";
  return cause === "CostDrift" && replanned && state.failures > 0 ? "Benchmark" : "Replan";
}

interface Obstacle {
  readonly reason: HoldReason;
  readonly until: number | null;
}

function obstacleTo(
  action: RetuningAction,
  state: RetuningState,
  { revision, jobs }: RetuningSituation,
  settings: RetuningSettings,
  now: number,
): Obstacle | null {
  if (action === "RollBack") {
    const again = state.records.some((record) => record.action === "RollBack" && record.revision === revision);
    return again ? { reason: "AlreadyRolledBack", until: null } : null;
  }
  const coolDown = endOfCoolDown(state, settings);
  if (now < coolDown) return { reason: "CoolDown", until: coolDown };
  const limit = action === "Replan" ? settings.dailyReplans : settings.dailyBenchmarks;
  const done = state.records.filter((record) => record.action === action);
  if (done.length >= limit) return { reason: "BudgetSpent", until: freeAgain(done, limit) };
  const full = jobs.fleet >= settings.fleetJobs || jobs.node >= settings.nodeJobs;
  return action === "Benchmark" && full ? { reason: "JobsAtTheirLimit", until: null } : null;
}

/** An action for an older generation does not hold back one for this. */
function endOfCoolDown(
  { records, generation, failures }: RetuningState,
  { coolDownSeconds }: RetuningSettings,
): number {
  const last = records.findLast((record) => record.generation === generation);
  if (last === undefined) return 0;
  return Date.parse(last.at) + coolDownSeconds * 1000 * 2 ** Math.min(failures, mostDoublings);
}

const freeAgain = (done: readonly RetuningRecord[], limit: number): number | null => {
  const oldest = done[done.length - limit];
  return oldest === undefined ? null : Date.parse(oldest.at) + dayMilliseconds;
};

function remember(
  state: RetuningState,
  action: RetuningAction,
  { cause }: Diagnosis,
  { revision }: RetuningSituation,
  now: number,
): RetuningState {
  const last = state.records.findLast(({ generation }) => generation === state.generation);
  const record: RetuningRecord = { at: iso(now), action, cause, generation: state.generation, revision };
  return {
    ...state,
    records: within([...state.records, record]),
    pending: null,
    failures: last?.cause === cause ? Math.min(16, state.failures + 1) : 0,
  };
}

/** Rollbacks go first when there are too many: the others are what the budget counts. */
function within(records: readonly RetuningRecord[]): RetuningRecord[] {
  const extra = records.length - mostRecords;
  if (extra <= 0) return [...records];
  const dropped = new Set(records.filter(({ action }) => action === "RollBack").slice(0, extra));
  return records.filter((record) => !dropped.has(record)).slice(-mostRecords);
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
