import {
  apiVersion,
  canonicalJson,
  type PlanHistory,
  type ReplayedPlan,
  type ReplayedRecord,
  type ServiceLevelTarget,
  type ServingPlan,
  type TrafficRecord,
  type TrafficReplay,
  type TuningReport,
} from "@sweetspot/crds";
import { requestShapes } from "@sweetspot/operator";
import { CostModel, median, type PlanSettings, pointOf, replay, replayedSeconds, timeFactor } from "@sweetspot/planner";
import { tunedModel } from "../tuned-model.ts";
import { UserError } from "../user-error.ts";

/** What is known of a target: all that a replay is made from. */
export interface ReplayMaterial {
  readonly history: PlanHistory;
  /** Plans of revisions that no TuningRun holds. */
  readonly plans: ReadonlyMap<string, ServingPlan>;
  /** Reports by their TuningRun; those that are gone are missing. */
  readonly reports: ReadonlyMap<string, TuningReport>;
  readonly serviceLevel: ServiceLevelTarget;
}

/** A plan to replay, and the run whose tables it is looked up in. */
interface Subject extends Pick<ReplayedPlan, "name" | "origin" | "summary"> {
  readonly run: string;
  /** Null where the plan itself is gone. */
  readonly settings: PlanSettings | null;
  readonly paddable: boolean;
}

/**
 * Replays the recorded traffic of a target under each revision of its history and each candidate that its tuning raced. Pure; takes
 * a second or two.
 */
export function replayPlans(material: ReplayMaterial): TrafficReplay {
  const { breach, usual } = material.history.recorded ?? {};
  const subjects = subjectsOf(material);
  const records: ReplayedRecord[] = [];
  if (breach !== undefined) records.push(replayRecord("Breach", breach, subjects, material));
  if (usual !== undefined) records.push(replayRecord("Usual", usual, subjects, material));
  return { apiVersion, kind: "TrafficReplay", serviceLevel: material.serviceLevel, records };
}

function subjectsOf(material: ReplayMaterial): Subject[] {
  const { history, reports } = material;
  const revisions = history.revisions.map(({ name, run, summary }): Subject => {
    const plan = planOf(name, material);
    const settings = plan === undefined ? null : settingsOf(plan);
    return { name, origin: "Revision", summary, run, settings, paddable: plan?.padding !== undefined };
  });
  const known = new Set(revisions.map(({ settings }) => canonicalJson(settings)));
  const run = history.revisions.find(({ name }) => name === history.serving)?.run ?? history.answer;
  const report = reports.get(run);
  const candidates = (report?.candidates ?? [])
    .filter(({ role }) => role !== "Predicted")
    .map(({ name, summary, variant, layout, batching }): Subject => {
      const paddable = report?.decision.plan.padding !== undefined;
      return { name, origin: "Candidate", summary, run, settings: { variant, layout, batching }, paddable };
    });
  return [...revisions, ...candidates.filter(({ settings }) => !known.has(canonicalJson(settings)))];
}

const settingsOf = ({ artifact, layout, batching }: ServingPlan): PlanSettings => ({
  variant: artifact.variant,
  layout,
  batching,
});

/** The plan of a revision; a measured one is in the report of its run. */
function planOf(revision: string, { history, plans, reports }: ReplayMaterial): ServingPlan | undefined {
  const found = history.revisions.find(({ name }) => name === revision);
  if (found?.origin === "Tuning") return reports.get(found.run)?.decision.plan;
  return plans.get(revision);
}

function replayRecord(
  kind: ReplayedRecord["kind"],
  record: TrafficRecord,
  subjects: readonly Subject[],
  material: ReplayMaterial,
): ReplayedRecord {
  const { at, badShare, pods: servers, requests } = record;
  const slowdown = record.slowdown * correctionOf(record.revision, material);
  const replayed = replayedSeconds({ requests, servers });
  const total = replayed.reduce((sum, count) => sum + count, 0);
  return {
    kind,
    at,
    seconds: replayed.length,
    requestsPerSecond: total / replayed.length / servers,
    badShare,
    slowdown,
    plans: subjects.map((subject) => replaySubject(subject, record, slowdown, material)),
  };
}

/** A pod may say anything: no engine becomes so many times as slow or as fast and still serves. */
const mostTimes = 50;

/**
 * How many times the measured table the plan's own one was, when the record was taken: a plan for engines that had become slower
 * carries a corrected table, and what was observed later was held against that.
 */
function correctionOf(revision: string, material: ReplayMaterial): number {
  const plan = planOf(revision, material);
  const run = material.history.revisions.find(({ name }) => name === revision)?.run;
  const report = material.reports.get(run ?? "");
  if (plan?.costTable === undefined || report === undefined) return 1;
  const measured = pointOf(report.tables, settingsOf(plan));
  if (measured === null) return 1;
  const own = CostModel.fromTable(plan.costTable);
  const times = measured.table.cells.map((cell) => own.batchMicroseconds(cell.rows, cell.length) / cell.microseconds);
  return Math.min(mostTimes, Math.max(1 / mostTimes, median(times)));
}

function replaySubject(
  { name, origin, summary, run, settings, paddable }: Subject,
  { revision, requests, pods, lengths, rows }: TrafficRecord,
  slowdown: number,
  { reports, serviceLevel }: ReplayMaterial,
): ReplayedPlan {
  const known = { name, origin, summary, served: name === revision };
  const without = (problem: string): ReplayedPlan => ({
    ...known,
    latencyMilliseconds: null,
    shareWithin: null,
    problem,
  });
  const report = reports.get(run);
  if (report === undefined) return without(`The report of TuningRun ${run} is gone.`);
  if (settings === null) return without("The plan itself is gone.");
  const model = modelOf(report);
  const point = model === null ? null : pointOf(model.tables, settings);
  if (model === null || point === null) return without("The tuning kept no cost table of its variant and layout.");
  const { estimate, deviation } = timeFactor({ ...model, measuredCpus: model.cpus }, point);
  const shapes = requestShapes(lengths, rows, paddable);
  const question = { requests, servers: pods, shapes, target: serviceLevel, seed: model.seed };
  const found = replay(point, question, { estimate: estimate * slowdown, deviation });
  return found === null ? without("Too few requests came to one pod.") : { ...known, ...found, problem: null };
}

/** Null for a tuning that measured no table. */
function modelOf(report: TuningReport) {
  try {
    return tunedModel(report);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
