import type { SucceededResult } from "@sweetspot/crds";
import type { Action, Plan } from "../actions/action.ts";
import { changesOf, type Finding, sayFor } from "../conditions.ts";
import { isOver } from "../pods/pod-state.ts";
import { jobs, type Pod, tuningRuns } from "../resources.ts";
import { mountedModel } from "../specs/model-source.ts";
import { ownerReference } from "../specs/owner.ts";
import { tuningJob } from "../specs/tuning-job.ts";
import { isFinished, type ObservedRun } from "./observed.ts";
import { type Progress, progressOf } from "./progress.ts";
import { findingsOf, statusOf } from "./status.ts";
import { reportKeys } from "./store-result.ts";

const say = sayFor("TuningRun");
/** A pod that waits for its image sends no more events than its own back-off does. */
const lookAgainMilliseconds = 10_000;
/** Who waits for another run is told of its end; this is for an end that nobody tells. */
const waitMilliseconds = 60_000;

/** Decides what is done next for one run. Pure. */
export function planRun(observed: ObservedRun): Plan {
  if (isFinished(observed.run)) return { actions: endJob(observed) };
  const progress = progressOf(observed);
  if (progress.kind === "NotStarted") return { actions: [startJob(observed), ...report(observed, progress)] };
  if (progress.kind === "Answered") return { actions: afterAnswer(observed, progress) };
  if (progress.kind === "AnsweredElsewhere") return { actions: takeOver(observed, progress) };
  const { kind } = progress;
  const requeueAfter = kind === "WaitingForEqual" ? (progress.milliseconds ?? waitMilliseconds) : lookAgainMilliseconds;
  return { actions: report(observed, progress), ...(kind === "Failed" ? {} : { requeueAfter }) };
}

/** As with a measurement of its own: a run that is complete has its report. */
function takeOver(observed: ObservedRun, progress: Progress & { kind: "AnsweredElsewhere" }): Action[] {
  const { run, report: stored } = observed;
  if (stored?.data?.[reportKeys.from] === progress.run.metadata.name) return report(observed, progress);
  return [{ kind: "TakeAnswer", run, from: progress.run }];
}

/** The report is stored first: a run that is complete has its report. */
function afterAnswer(observed: ObservedRun, progress: Progress & { kind: "Answered" }): Action[] {
  const { report: stored, run } = observed;
  // What was taken over from a run that is gone since is no answer of this one.
  if (stored === undefined || stored.data?.[reportKeys.from] !== undefined) {
    return [storeResult(observed, progress.result)];
  }
  const detail = stored.data?.[reportKeys.problem];
  if (detail === undefined) return report(observed, progress);
  const failure = say("Failed", "ReportInvalid", { job: run.metadata.name, detail });
  return report(observed, { kind: "Failed", failure });
}

function storeResult({ run, pod }: ObservedRun, result: SucceededResult): Action {
  const { reportDigest, recipeDigest, planDigest } = result;
  return { kind: "StoreResult", run, pod: pod as Pod, reportDigest, recipeDigest, planDigest };
}

function startJob({ run, spec, settings }: ObservedRun): Action {
  const model = mountedModel(spec.model, settings, spec.workload.samples?.file);
  if (model === null) throw new TypeError("a run whose source cannot be mounted has failed already");
  const job = tuningJob({ run: run.metadata.name, spec, model, settings });
  const namespace = run.metadata.namespace as string;
  const metadata = { ...job.metadata, namespace, ownerReferences: [ownerReference(tuningRuns, run)] };
  return {
    kind: "Create",
    resource: jobs,
    manifest: { ...job, metadata },
    owner: { resource: tuningRuns, object: run },
  };
}

/**
 * A finished run leaves no pod behind that waits for an image or a node, or goes on measuring for nobody. A pod that has
 * ended stays for its log; the Job's own status may lag behind it.
 */
function endJob({ job, pod }: ObservedRun): Action[] {
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return [];
  const active = (job.status?.active ?? 0) > 0 && (pod === undefined || !isOver(pod));
  return active ? [{ kind: "Delete", resource: jobs, object: job }] : [];
}

function report(observed: ObservedRun, progress: Progress): Action[] {
  const { run } = observed;
  const findings = findingsOf(observed, progress);
  const status = statusOf(observed, progress, findings);
  return [{ kind: "ApplyStatus", resource: tuningRuns, object: run, status }, ...eventsOf(observed, findings)];
}

/** One event when a run starts to measure, and one when it ends. */
function eventsOf({ run }: ObservedRun, findings: readonly Finding[]): Action[] {
  return changesOf(findings, run.status?.conditions ?? [])
    .filter(({ type, status, reason }) => {
      if (type === "Failed") return status === "True";
      return type === "Complete" && (status === "True" || reason === "Running");
    })
    .map(({ type, reason, message }) => ({
      kind: "RecordEvent",
      resource: tuningRuns,
      object: run,
      type: type === "Failed" ? "Warning" : "Normal",
      reason,
      action: "Tune",
      note: message,
    }));
}
