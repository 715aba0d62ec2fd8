import {
  type Condition,
  runResultOf,
  type SucceededResult,
  type TuningRunResult,
  type TuningRunStatus,
} from "@sweetspot/crds";
import { conditionsOf, type Finding, sayFor, secondsOf } from "../conditions.ts";
import { roundFigure } from "../figures.ts";
import { resourcesOf } from "../policies/in-words.ts";
import type { StoredTuningRun } from "../resources.ts";
import { reportName } from "../specs/names.ts";
import type { ObservedRun } from "./observed.ts";
import type { Progress } from "./progress.ts";
import { reportKeys } from "./store-result.ts";

const say = sayFor("TuningRun");

/** The whole status of a run, on every path. `findings`: those of this progress. */
export function statusOf(observed: ObservedRun, progress: Progress, findings: readonly Finding[]): TuningRunStatus {
  const { run, job, pod, now } = observed;
  const previous: readonly Condition[] = run.status?.conditions ?? [];
  const over = progress.kind === "Answered" || progress.kind === "AnsweredElsewhere" || progress.kind === "Failed";
  const startedAt = run.status?.startedAt ?? startOf(pod);
  const jobName = job?.metadata.name ?? run.status?.jobName;
  return {
    observedGeneration: run.metadata.generation ?? 0,
    conditions: conditionsOf(findings, previous, run.metadata.generation ?? 0, now),
    ...(jobName === undefined ? {} : { jobName }),
    ...placeOf(observed),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(over ? { finishedAt: run.status?.finishedAt ?? secondsOf(now) } : {}),
    message: messageOf(findings).slice(0, 1024),
    ...(progress.kind === "Answered" ? answerOf(observed, runResultOf(progress.result)) : {}),
    ...(progress.kind === "AnsweredElsewhere" ? answerTaken(observed, progress.run) : {}),
  };
}

/** The node that it runs or ran on, as long as anybody knows. */
function placeOf({ run, pod, nodeClass: labels }: ObservedRun): Pick<TuningRunStatus, "nodeName" | "nodeClass"> {
  const nodeName = pod?.spec?.nodeName ?? run.status?.nodeName;
  const nodeClass = labels ?? run.status?.nodeClass;
  return {
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(nodeClass === undefined ? {} : { nodeClass }),
  };
}

function answerTaken(observed: ObservedRun, { metadata, status }: StoredTuningRun) {
  const { result, nodeClass } = status ?? {};
  return {
    answerFrom: metadata.name,
    ...(nodeClass === undefined ? {} : { nodeClass }),
    ...(result === undefined ? {} : answerOf(observed, result)),
  };
}

const startOf = (pod: ObservedRun["pod"]): string | undefined =>
  pod?.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? pod?.status?.startTime;

function answerOf({ run, report }: ObservedRun, result: TuningRunResult) {
  return {
    result,
    report: {
      configMap: reportName(run.metadata.name),
      bytes: Math.max(1, Number(report?.data?.[reportKeys.bytes] ?? 1)),
      digest: result.reportDigest,
    },
  };
}

/** What the user reads first: the failure if there is one, else how the answer stands. */
function messageOf(findings: readonly Finding[]): string {
  const of = (type: string) => findings.find((finding) => finding.type === type) as Finding;
  return of("Failed").status === "True" ? of("Failed").message : of("Complete").message;
}

/** The four conditions. */
export function findingsOf(observed: ObservedRun, progress: Progress): Finding[] {
  const notFailed = say("Failed", "NotFailed", {});
  const progressing = say("Stalled", "Progressing", {});
  const finished = say("Reconciling", "Finished", {});
  switch (progress.kind) {
    case "Failed":
      return [say("Complete", "Failed", {}), progress.failure, finished, say("Stalled", "Failed", {})];
    case "Answered":
      return [complete(observed, progress.result), notFailed, finished, progressing];
    case "AnsweredElsewhere":
      return [completeAs(progress.run), notFailed, finished, progressing];
    case "WaitingForEqual": {
      const values = { run: progress.run.metadata.name };
      const reason = "WaitingForEqual";
      return [say("Complete", reason, values), notFailed, say("Reconciling", reason, values), progressing];
    }
    case "Running": {
      const values = { job: observed.run.metadata.name, node: progress.node, seconds: observed.spec.budgetSeconds };
      return [say("Complete", "Running", values), notFailed, say("Reconciling", "Running", values), progressing];
    }
    default: {
      const detail = progress.kind === "Waiting" ? progress.detail : "the Job is being made";
      const values = { detail, resources: resourcesOf(observed.spec.resources) };
      return [
        say("Complete", "WaitingForCapacity", values),
        notFailed,
        say("Reconciling", "WaitingForCapacity", values),
        progressing,
      ];
    }
  }
}

/** The answer reads as where it was found. */
function completeAs({ status }: StoredTuningRun): Finding {
  const found = status?.conditions?.find(({ type }) => type === "Complete");
  if (found === undefined) throw new TypeError("a run whose answer is taken over is complete");
  return { type: found.type, status: found.status, reason: found.reason, message: found.message };
}

function complete({ spec }: ObservedRun, result: SucceededResult): Finding {
  if (result.feasible) return say("Complete", "Succeeded", { answer: `${result.winner}: ${result.reason}` });
  const { latencyMilliseconds: target, percentile } = spec.serviceLevel;
  const best = roundFigure(result.bestReachableMilliseconds);
  return say("Complete", "Infeasible", { target, percentile, best, winner: result.winner });
}
