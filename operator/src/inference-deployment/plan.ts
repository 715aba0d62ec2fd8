import { modelSourceOf } from "@sweetspot/crds";
import type { Action, Plan } from "../actions/action.ts";
import { changesOf, type Finding } from "../conditions.ts";
import type { ScalingMemory } from "../policies/autoscaling.ts";
import { inferenceDeployments, tuningRuns } from "../resources.ts";
import { targetLabels } from "../specs/names.ts";
import { scalingEvents } from "./autoscaling.ts";
import { applyOwned, childActions } from "./children.ts";
import { overallFindings, type TargetFindings, targetFindings } from "./findings.ts";
import type { TargetMemory } from "./loop/target-memory.ts";
import { loopEvents, replanActions } from "./loop-actions.ts";
import type { Observed } from "./observed.ts";
import { forgetPlan, tellPod } from "./rollout.ts";
import { statusOf } from "./status.ts";
import { deploymentState, type TargetState } from "./target-state.ts";
import { inOnePatch, tellTrial } from "./tell-trial.ts";
import { nextRun, obsoleteRuns } from "./tuning.ts";

/** While a plan is on its way its pods are asked often, and a pod that is late less and less so. */
const applyingMilliseconds = 300;
const lateMilliseconds = 5000;
const lateAfterMilliseconds = 10_000;
/** Pods are asked so often what traffic they have had. */
const servingMilliseconds = 5000;
const startingMilliseconds = 5000;

/** What is done for one InferenceDeployment, and what is remembered of its targets by name until the next look. */
export interface DeploymentPlan extends Plan {
  readonly memories: ReadonlyMap<string, TargetMemory>;
  readonly scaling: ScalingMemory;
}

/** Decides what is done next for one InferenceDeployment. Pure. */
export function planDeployment(observed: Observed): DeploymentPlan {
  const { states, scaling } = deploymentState(observed);
  const targets = states.map((state) => targetFindings(observed, state));
  const findings = overallFindings(observed, targets);
  return {
    actions: [
      ...childActions(observed, states),
      ...targets.flatMap((target) => tuningActions(observed, target)),
      ...states.flatMap((state) => rolloutActions(observed, state)),
      {
        kind: "ApplyStatus",
        resource: inferenceDeployments,
        object: observed.infd,
        status: statusOf(observed, targets, findings, scaling.status),
      },
      ...eventActions(observed, findings),
      ...states.flatMap((state) => loopEvents(observed, state)),
      ...scalingEvents(observed, scaling),
      ...states.flatMap((state) => replanActions(observed, state)),
    ],
    memories: new Map(states.map(({ target, look }) => [target.name, look.memory])),
    scaling: scaling.memory,
    requeueAfter: Math.min(...targets.map((target) => lookAgain(observed, target))),
  };
}

function tuningActions(observed: Observed, target: TargetFindings): Action[] {
  const { state } = target;
  const { question, stored, observed: seen } = state;
  const name = question.modelName;
  const asked = observed.spec.tuning.mode === "Disabled" ? null : question;
  const obsolete = obsoleteRuns(asked, seen, runsToKeep(state));
  const deletions = obsolete.map((object): Action => ({ kind: "Delete", resource: tuningRuns, object }));
  const next = mayTune(observed, target) ? nextRun(question, seen, observed.now, wantedAttempt(stored)) : null;
  if (next?.kind !== "Now") return deletions;
  const labels = targetLabels(name, state.target.name, "tuner");
  const nodeClass = state.nodeClass === undefined ? {} : { nodeClass: state.nodeClass };
  const { artifactStore: kept } = observed.spec;
  const artifactStore = kept === undefined ? {} : { artifactStore: kept };
  const manifest = { metadata: { name: next.name, labels }, spec: { ...next.spec, ...nodeClass, ...artifactStore } };
  const { manifest: owned } = applyOwned(observed, tuningRuns, manifest);
  const owner = { resource: inferenceDeployments, object: observed.infd };
  return [...deletions, { kind: "Create", resource: tuningRuns, manifest: owned, owner }];
}

/** The attempt at the question that a measurement was asked for as; null while none is. */
const wantedAttempt = (stored: TargetState["stored"]): number | null => stored?.history.work?.attempt ?? null;

/** Runs whose tables or recipe the plan that serves needs, and the one to go back to. */
function runsToKeep(state: TargetState): Set<string> {
  const { answer, serving, stored } = state;
  const previous = stored?.history.revisions.find(({ name }) => name === serving?.revision.previous);
  const names = [answer?.run.metadata.name, serving?.revision.run, previous?.run, state.candidate?.revision.run];
  return new Set(names.filter((name) => name !== undefined));
}

/** The source is served first: until a pod has loaded it, nobody knows whether there is something to tune. */
function mayTune({ spec }: Observed, { state, modelResolved }: TargetFindings): boolean {
  if (spec.tuning.mode === "Disabled" || modelResolved.status === "False") return false;
  if (state.wanted === 0 || spec.rollout.initial === "WaitForTuning") return true;
  return state.ready.length > 0 || state.attempt !== null;
}

function rolloutActions({ now, spec }: Observed, state: TargetState): Action[] {
  const { serving, observed } = state;
  // What was served before goes on being served.
  if (modelSourceOf(spec.model.uri).kind === "Unsupported") return [];
  const told =
    serving === null
      ? observed.pods.map((pod) => forgetPlan(pod, spec.tuning.mode === "Disabled"))
      : state.plans.map(({ pod, plan }) => tellPod(pod, plan, observed, now));
  return inOnePatch(
    [...told, ...observed.pods.map((pod) => tellTrial(pod, state, now))].filter((action) => action !== null),
  );
}

function lookAgain(observed: Observed, { state, ready, tuned }: TargetFindings): number {
  const waiting = state.plans.map((plan) => plan.state).filter((plan) => plan.kind === "Waiting");
  if (waiting.length > 0) {
    const late = waiting.every(({ milliseconds }) => milliseconds > lateAfterMilliseconds);
    return late ? lateMilliseconds : applyingMilliseconds;
  }
  const next =
    tuned.status === "False"
      ? nextRun(state.question, state.observed, observed.now, wantedAttempt(state.stored))
      : null;
  const retry = next?.kind === "Later" ? next.milliseconds + 100 : Number.POSITIVE_INFINITY;
  return Math.min(retry, ready.status === "True" ? servingMilliseconds : startingMilliseconds);
}

const verbs: Readonly<Record<string, string>> = {
  Ready: "Serve",
  ModelResolved: "Resolve",
  Tuned: "Tune",
  ConfigurationApplied: "Apply",
  ServiceLevelMet: "Measure",
  ReportsReceived: "Collect",
  NodeClassConfirmed: "Compare",
  CpuPinned: "Pin",
};
/** States on the way that `kubectl describe` need not tell one by one. */
const quiet = new Set([
  "Resolving",
  "WaitingForModel",
  "NotMeasured",
  "NotReported",
  "NotCompared",
  "NoPods",
  "SafePlan",
  "PodsNotReady",
  "ModelNotResolved",
]);

function eventActions({ infd }: Observed, findings: readonly Finding[]): Action[] {
  return changesOf(findings, infd.status?.conditions ?? [])
    .filter(({ type, reason }) => verbs[type] !== undefined && !quiet.has(reason))
    .map((finding) => ({
      kind: "RecordEvent",
      resource: inferenceDeployments,
      object: infd,
      type: isBad(finding) ? "Warning" : "Normal",
      reason: finding.reason,
      action: verbs[finding.type] as string,
      note: finding.message,
    }));
}

const harmless = new Set(["Tuning", "Applying", "Disabled", "WaitingForTuning", "ScaledToZero"]);
const isBad = ({ status, reason }: Finding): boolean => status === "False" && !harmless.has(reason);
