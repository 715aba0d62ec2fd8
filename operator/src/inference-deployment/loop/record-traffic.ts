import type { PlanHistory, PlanRevision, TrafficRecord } from "@sweetspot/crds";
import { type PodTraffic, requestBlocks } from "../../policies/pod-traffic.ts";
import type { ServiceLevelVerdict } from "../../policies/service-level.ts";
import { iso, type Moment } from "./revisions.ts";

const recordSeconds = 120;
/** After so long the whole record is of the breach: the times of engines are medians of two minutes. */
const matureMilliseconds = 1000 * recordSeconds;
/** Fewer requests say little of a percentile. */
const leastRequests = 100;

/** What a record is made of. */
export interface RecordQuestion {
  readonly pods: readonly PodTraffic[];
  readonly level: ServiceLevelVerdict;
  /** The plan that pods should run. */
  readonly serving: PlanRevision;
  /** How many times as long engines take as when the plan was new; null where that is not known. */
  readonly slowdown: number | null;
  readonly moment: Pick<Moment, "now" | "traffic">;
}

/**
 * The history with the traffic of now in it, where that is worth keeping: when a breach is found and again when it
 * fills the record, and once when a plan has become usual. Pods forget within minutes, and a history is seldom written.
 */
export function withRecord(history: PlanHistory, question: RecordQuestion): PlanHistory {
  const kind = dueRecord(history, question);
  if (kind === null) return history;
  const record = recordOf(question, history.trial !== null);
  return record === null ? history : { ...history, recorded: { ...history.recorded, [kind]: record } };
}

function dueRecord({ recorded, baseline }: PlanHistory, question: RecordQuestion): "breach" | "usual" | null {
  const { level, moment, serving } = question;
  if (level.state === "Breached" && level.began !== null) {
    const last = recorded?.breach === undefined ? Number.NEGATIVE_INFINITY : Date.parse(recorded.breach.at);
    const mature = level.began + matureMilliseconds;
    return last < level.began || (last < mature && moment.now >= mature) ? "breach" : null;
  }
  return level.state === "Met" && baseline.complete && recorded?.usual?.revision !== serving.name ? "usual" : null;
}

/** Null where pods tell of too little. What came before the plan was another plan's work. */
function recordOf({ pods, serving, slowdown, moment }: RecordQuestion, trying: boolean): TrafficRecord | null {
  const now = moment.now / 1000;
  // What pods told last may be some seconds old.
  const from = Math.max(now - 2 * recordSeconds, Date.parse(serving.since) / 1000);
  const told = requestBlocks(pods, from, now).filter(({ seconds }) => seconds === 1);
  const blocks = told.slice(-recordSeconds);
  const requests = blocks.map(({ total }) => total);
  const all = requests.reduce((sum, count) => sum + count, 0);
  const bad = blocks.reduce((sum, block) => sum + block.bad, 0);
  const { lengths, rows } = moment.traffic;
  if (all < leastRequests || lengths.length === 0 || rows.length === 0) return null;
  return {
    at: iso(moment.now),
    revision: serving.name,
    pods: pods.filter(({ report }) => report?.traffic !== undefined).length,
    requests,
    lengths,
    rows,
    badShare: trying ? null : bad / all,
    slowdown: slowdown ?? 1,
  };
}
