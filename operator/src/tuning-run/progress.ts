import { modelSourceOf, readTuningResult, type SucceededResult } from "@sweetspot/crds";
import { type Finding, sayFor } from "../conditions.ts";
import { isOver, missingClaim, problemOf, sinceMilliseconds } from "../pods/pod-state.ts";
import type { ContainerState, Pod, StoredTuningRun } from "../resources.ts";
import { deadlineSeconds, jobSelector } from "../specs/tuning-job.ts";
import type { ObservedRun } from "./observed.ts";

/** How far a run has come. */
export type Progress =
  | { readonly kind: "NotStarted" }
  /** Another run measures what this one asks. */
  | { readonly kind: "WaitingForEqual"; readonly run: StoredTuningRun; readonly milliseconds: number | undefined }
  /** Another run has measured it. */
  | { readonly kind: "AnsweredElsewhere"; readonly run: StoredTuningRun }
  | { readonly kind: "Waiting"; readonly detail: string }
  | { readonly kind: "Running"; readonly node: string }
  | { readonly kind: "Answered"; readonly result: SucceededResult }
  | { readonly kind: "Failed"; readonly failure: Finding };

const say = sayFor("TuningRun");
const failed = (failure: Finding): Progress => ({ kind: "Failed", failure });

/** An image may come a little late: a registry restarts, a node is new. */
const pullGraceMilliseconds = 30_000;

/** What Job, pod and termination message say. The message is untrusted. */
export function progressOf(observed: ObservedRun): Progress {
  const { run, job, pod } = observed;
  const broken = questionProblem(observed);
  if (broken !== null) return failed(broken);
  if (job === undefined)
    return run.status?.jobName === undefined ? withoutJob(observed) : killed(observed, "the Job was deleted");
  if (pod !== undefined && isOver(pod)) return endOf(observed, pod);
  if (jobIsOver(observed)) return killed(observed, "its pod was deleted or evicted");
  if (pod === undefined) return { kind: "Waiting", detail: "its pod is being made" };
  return startOf(observed, pod);
}

function withoutJob({ equal, refusal }: ObservedRun): Progress {
  if (refusal !== null) return { kind: "Waiting", detail: `the API server refuses it: ${refusal}` };
  switch (equal.kind) {
    case "None":
      return { kind: "NotStarted" };
    case "Answered":
      return { kind: "AnsweredElsewhere", run: equal.run };
    case "Measures":
      return { kind: "WaitingForEqual", run: equal.run, milliseconds: equal.milliseconds };
  }
}

/** What is wrong with the question itself. */
function questionProblem({ spec, samplesFound, job }: ObservedRun): Finding | null {
  const source = modelSourceOf(spec.model.uri);
  if (source.kind === "Unsupported") return say("Failed", "SourceNotSupported", { scheme: source.scheme });
  const samples = spec.workload.samples?.configMap;
  if (samplesFound || samples === undefined || job !== undefined) return null;
  return say("Failed", "SamplesNotFound", { key: samples.key, configMap: samples.name });
}

/** A Job that is over and has no ended pod to read from has lost its answer, however it ended. */
const jobIsOver = ({ job }: ObservedRun): boolean =>
  (job?.status?.conditions ?? []).some(
    ({ type, status }) => (type === "Failed" || type === "Complete") && status === "True",
  );

function startOf(observed: ObservedRun, pod: Pod): Progress {
  const { now, matchingNodes, spec, run } = observed;
  const problem = problemOf(pod);
  if (problem?.kind === "Unschedulable" && matchingNodes === 0) {
    return failed(say("Failed", "NoMatchingNode", { selector: selectorText(jobSelector(spec)) }));
  }
  const claim = missingClaim(problem);
  if (claim !== null) return failed(say("Failed", "ClaimNotFound", { claim }));
  const age = sinceMilliseconds(pod.metadata.creationTimestamp, now);
  if (problem?.kind === "ImageCannotBePulled" && age >= pullGraceMilliseconds) {
    return failed(say("Failed", "ImageCannotBePulled", { image: problem.image, detail: problem.detail }));
  }
  if (problem?.kind === "CannotMount" && age >= pullGraceMilliseconds) {
    return failed(say("Failed", "TuningFailed", { detail: problem.detail, job: run.metadata.name }));
  }
  if (problem !== null) return { kind: "Waiting", detail: problem.detail };
  if (pod.status?.phase === "Running") return { kind: "Running", node: pod.spec?.nodeName ?? "?" };
  return { kind: "Waiting", detail: "its container is starting" };
}

const selectorText = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",") || "(none)";

function endOf(observed: ObservedRun, pod: Pod): Progress {
  const { run, spec } = observed;
  const job = run.metadata.name;
  if (pod.status?.reason === "DeadlineExceeded") {
    return failed(say("Failed", "DeadlineExceeded", { job, seconds: deadlineSeconds(spec.budgetSeconds) }));
  }
  const problem = problemOf(pod);
  if (problem?.kind === "CannotFetch")
    return failed(say("Failed", "SourceCannotBeFetched", { detail: problem.detail }));
  const ended = tunerOf(pod);
  if (ended === undefined) return killed(observed, pod.status?.message ?? pod.status?.reason ?? "its pod ended early");
  // The tuner leaves a word before it begins, which stays when it is killed: the kernel's word is the better one.
  if (ended.reason === "OOMKilled") return killed(observed, "it ran out of memory");
  if (ended.exitCode > 128) return killed(observed, `signal ${ended.exitCode - 128}`);
  const message = ended.message?.trim() ?? "";
  if (message === "") return withoutMessage(observed, ended.exitCode);
  return answerOf(observed, message);
}

const tunerOf = ({ status }: Pod): ContainerState["terminated"] =>
  status?.containerStatuses?.find(({ name }) => name === "tuner")?.state?.terminated;

/** Whatever ended there was no tuner of ours. */
function withoutMessage({ run }: ObservedRun, exitCode: number): Progress {
  const job = run.metadata.name;
  const detail = `it left no termination message, and exit code ${exitCode}.`;
  return failed(say("Failed", "ReportInvalid", { job, detail }));
}

function answerOf({ run }: ObservedRun, message: string): Progress {
  const job = run.metadata.name;
  try {
    const result = readTuningResult(message);
    if (result.state === "Succeeded") return { kind: "Answered", result };
    return failed(say("Failed", "TuningFailed", { job, detail: result.message }));
  } catch (error) {
    return failed(say("Failed", "ReportInvalid", { job, detail: (error as Error).message }));
  }
}

const killed = ({ run }: ObservedRun, detail: string): Progress =>
  failed(say("Failed", "JobKilled", { job: run.metadata.name, detail }));
