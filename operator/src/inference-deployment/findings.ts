import { type Finding, sayFor } from "../conditions.ts";
import { configurationApplied } from "./applied-finding.ts";
import { modelResolved } from "./model-finding.ts";
import { nodeClassConfirmed } from "./node-class-finding.ts";
import type { Observed } from "./observed.ts";
import { cpuPinned } from "./pinning-finding.ts";
import { ready } from "./ready-finding.ts";
import { reportsReceived } from "./reports-finding.ts";
import { serviceLevelMet } from "./service-level-finding.ts";
import type { TargetState } from "./target-state.ts";
import { tuned } from "./tuned-finding.ts";

const say = sayFor("InferenceDeployment");

/** After so many failed attempts in a row somebody should look. */
const worryingAttempts = 3;

/** The conditions of one target, in the order of status. */
export interface TargetFindings {
  readonly state: TargetState;
  readonly ready: Finding;
  readonly modelResolved: Finding;
  readonly tuned: Finding;
  readonly configurationApplied: Finding;
  readonly serviceLevelMet: Finding;
  readonly reportsReceived: Finding;
  readonly nodeClassConfirmed: Finding;
  readonly cpuPinned: Finding;
}

export function targetFindings(observed: Observed, state: TargetState): TargetFindings {
  const model = modelResolved(observed, state);
  return {
    state,
    ready: ready(state, model),
    modelResolved: model,
    tuned: tuned(observed, state, model),
    configurationApplied: configurationApplied(state),
    serviceLevelMet: serviceLevelMet(observed, state),
    reportsReceived: reportsReceived(state),
    nodeClassConfirmed: nodeClassConfirmed(state),
    cpuPinned: cpuPinned(state),
  };
}

const aboutTargets = [
  "ready",
  "modelResolved",
  "tuned",
  "configurationApplied",
  "serviceLevelMet",
  "reportsReceived",
  "nodeClassConfirmed",
  "cpuPinned",
] as const satisfies readonly (keyof TargetFindings)[];

/** The conditions of the whole: of each kind that of the target that is worst off, then what they add up to. */
export function overallFindings({ refusal }: Observed, targets: readonly TargetFindings[]): Finding[] {
  const overall = aboutTargets.map((key) => worst(targets.map((target) => target[key])));
  const stalled = refusal === null ? stalledOf(targets) : say("Stalled", "ObjectRefused", { detail: refusal });
  return [...overall, reconcilingOf(targets, stalled), stalled];
}

const severity = { False: 0, Unknown: 1, True: 2 } as const;

function worst(findings: readonly Finding[]): Finding {
  return findings.toSorted((a, b) => severity[a.status] - severity[b.status])[0] as Finding;
}

function stalledOf(targets: readonly TargetFindings[]): Finding {
  for (const { state, modelResolved: model, ready: answering } of targets) {
    if (model.status === "False") return say("Stalled", "ModelNotResolved", {});
    if (cannotRun.has(answering.reason)) return say("Stalled", "PodsCannotRun", {});
    const { attempt } = state;
    if (attempt?.state === "Failed" && attempt.attempt >= worryingAttempts && state.answer?.current !== true) {
      return say("Stalled", "TuningFailed", { attempts: attempt.attempt });
    }
  }
  return say("Stalled", "Progressing", {});
}

const cannotRun = new Set(["PodsRefused", "PodsUnschedulable", "ImageCannotBePulled", "ModelCannotBeLoaded"]);

function reconcilingOf(targets: readonly TargetFindings[], stalled: Finding): Finding {
  if (stalled.status === "True") return say("Reconciling", "Stalled", {});
  const reasons = targets.map(stillDoing);
  return reasons.find((finding) => finding !== null) ?? say("Reconciling", "Idle", {});
}

function stillDoing({
  state,
  ready: answering,
  tuned: measured,
  configurationApplied: applied,
}: TargetFindings): Finding | null {
  const { attempt } = state;
  if (attempt?.state === "Failed" && state.answer?.current !== true)
    return say("Reconciling", "Retrying", { detail: attempt.message });
  if (answering.status === "False" && !["ScaledToZero", "WaitingForTuning"].includes(answering.reason)) {
    return say("Reconciling", "Starting", {});
  }
  if (measured.status === "False" && measured.reason !== "Disabled") return say("Reconciling", "Tuning", {});
  if (applied.status === "False" && applied.reason === "Applying" && state.replicas > 0)
    return say("Reconciling", "Applying", {});
  return null;
}
