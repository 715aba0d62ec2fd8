import type { Observed } from "../inference-deployment/observed.ts";
import * as statuses from "./kubelet-statuses.ts";
import { deploymentOf, infd, node, reportOf, serverPod, settings, twoTargets } from "./objects.ts";
import { observe, observeOne } from "./observations.ts";
import { answered, runOf } from "./runs.ts";
import {
  applied,
  asked,
  badPod,
  failed,
  full,
  injected,
  pinned,
  podName,
  refused,
  running,
  served,
  told,
  told500,
  twoNodes,
  waitForTuning,
  waiting,
  withVerdict,
  wrongDigest,
} from "./situation-builders.ts";

/** What an InferenceDeployment may be found in, and for each condition the reason that its status then gives. */
export interface Situation {
  readonly observed: Observed;
  readonly reasons: Readonly<Record<string, string>>;
}

export const situations: Readonly<Record<string, Situation>> = {
  "nothing is there yet": {
    observed: observeOne(),
    reasons: {
      ...{ Ready: "PodsNotReady", ModelResolved: "Resolving", Tuned: "WaitingForModel" },
      ...{ ConfigurationApplied: "SafePlan", ServiceLevelMet: "NotMeasured", CpuPinned: "NotReported" },
      ReportsReceived: "NoPods",
      ...{ Reconciling: "Starting", Stalled: "Progressing" },
    },
  },
  "no replicas are wanted": { observed: observeOne({ "spec.replicas": 0 }), reasons: { Ready: "ScaledToZero" } },
  "nothing may be served before tuning": {
    observed: observeOne(waitForTuning),
    reasons: { Ready: "WaitingForTuning", Reconciling: "Tuning" },
  },
  "its source cannot be mounted": {
    observed: observeOne({ "spec.model.uri": "ftp://models/ocr" }),
    reasons: {
      ...{ Ready: "ModelNotResolved", ModelResolved: "SourceNotSupported", Tuned: "WaitingForModel" },
      ...{ Reconciling: "Stalled", Stalled: "ModelNotResolved" },
    },
  },
  "a source that cannot be mounted replaced one that is served": {
    observed: served({ "spec.model.uri": "ftp://models/ocr" }),
    reasons: { Ready: "Serving", ModelResolved: "SourceNotSupported", Stalled: "ModelNotResolved" },
  },
  "the model cannot be fetched": {
    observed: badPod(statuses.cannotFetch("sweetspot: There is no https://models.example.com/ocr/model.onnx."), {
      "spec.model.uri": "https://models.example.com/ocr",
    }),
    reasons: { Ready: "ModelNotResolved", ModelResolved: "SourceCannotBeFetched", Stalled: "ModelNotResolved" },
  },
  "the model that was fetched is another one": {
    observed: badPod(
      statuses.cannotFetch(
        `sweetspot: The model file has digest sha256:${"0".repeat(64)}, not sha256:${"1".repeat(64)}. Correct one of the two.`,
      ),
      { "spec.model.uri": "https://models.example.com/ocr" },
    ),
    reasons: { ModelResolved: "DigestMismatch" },
  },
  "the model's image is not there": {
    observed: badPod(statuses.imageBackOff("server", "registry.example.com/models/ocr:1")),
    reasons: { Ready: "ModelNotResolved", ModelResolved: "ImageCannotBePulled", Stalled: "ModelNotResolved" },
  },
  "the server's image is not there": {
    observed: badPod(statuses.imageBackOff("server", settings.serverImage)),
    reasons: { Ready: "ImageCannotBePulled", ModelResolved: "Resolving", Stalled: "PodsCannotRun" },
  },
  "the claim is not there": {
    observed: badPod(statuses.noClaim, { "spec.model.uri": "pvc://models/ocr" }),
    reasons: { Ready: "ModelNotResolved", ModelResolved: "ClaimNotFound" },
  },
  "the claim of the artifact store is not there": {
    observed: badPod(statuses.noClaim, { "spec.artifactStore": { uri: "pvc://models" } }),
    reasons: { Ready: "PodsUnschedulable", ModelResolved: "Resolving", Stalled: "PodsCannotRun" },
  },
  "the model file is broken": {
    observed: badPod(statuses.crashLoop({ exitCode: 3, message: "The model file is not an ONNX model." })),
    reasons: { Ready: "ModelNotResolved", ModelResolved: "ModelFileBroken" },
  },
  "the model file is another one": {
    observed: badPod(statuses.crashLoop({ exitCode: 3, message: wrongDigest })),
    reasons: { ModelResolved: "DigestMismatch" },
  },
  "the server has too little memory": {
    observed: badPod(statuses.crashLoop({ exitCode: 137, reason: "OOMKilled" })),
    reasons: { Ready: "ModelCannotBeLoaded", ModelResolved: "Resolving", Stalled: "PodsCannotRun" },
  },
  "no pod may be made": {
    observed: observeOne(
      { "spec.targets.0.runtimeClassName": "nvidia" },
      { deployment: { ...deploymentOf(1), status: { conditions: [statuses.noRuntimeClass] } } },
    ),
    reasons: { Ready: "PodsRefused", Stalled: "PodsCannotRun", Reconciling: "Stalled" },
  },
  "no node fits": {
    observed: badPod(statuses.noSuchNode),
    reasons: { Ready: "PodsUnschedulable", Stalled: "PodsCannotRun", Reconciling: "Stalled" },
  },
  "the source is served and the run was just made": {
    observed: asked(undefined),
    reasons: { Ready: "Serving", ModelResolved: "Resolved", Tuned: "Tuning", Reconciling: "Tuning" },
  },
  "the Job measures": { observed: asked(running), reasons: { Tuned: "Tuning", Reconciling: "Tuning" } },
  "the Job waits for the server's CPU": { observed: asked(waiting(full)), reasons: { Tuned: "WaitingForServer" } },
  "the server makes room for the Job": {
    observed: asked(waiting(full), { "spec.tuning": { whenFull: "Yield" } }),
    reasons: { Ready: "Serving", Tuned: "WaitingForServer" },
  },
  "the server has made room for the Job": {
    observed: observeOne(
      { "spec.tuning": { whenFull: "Yield" } },
      {
        deployment: deploymentOf(0),
        runs: [runOf(infd({ "spec.tuning": { whenFull: "Yield" } }), { progress: running })],
      },
    ),
    reasons: { Ready: "PodsNotReady", Tuned: "Tuning" },
  },
  "the Job finds no room, and nothing of ours is in its way": {
    observed: observeOne(waitForTuning, { runs: [runOf(infd(waitForTuning), { progress: waiting(full) })] }),
    reasons: { Tuned: "WaitingForCapacity", Ready: "WaitingForTuning" },
  },
  "the Job finds no device that is free": {
    observed: ((changes) =>
      observeOne(changes, {
        runs: [runOf(infd(changes), { progress: waiting("0/2 nodes are available: 2 Insufficient nvidia.com/gpu") })],
      }))({
      ...waitForTuning,
      "spec.targets.0.resources": { cpu: "4", memory: "8Gi", devices: { "nvidia.com/gpu": "1" } },
    }),
    reasons: { Tuned: "WaitingForCapacity", Ready: "WaitingForTuning" },
  },
  ...Object.fromEntries(
    (["TuningFailed", "ReportInvalid", "NoMatchingNode", "JobKilled", "DeadlineExceeded"] as const).map((reason) => [
      `the first run failed with ${reason}`,
      {
        observed: served({}, { runs: [runOf(infd(), { progress: failed(reason), endedAgo: 5 })] }),
        reasons: { Tuned: reason, Reconciling: "Retrying", Stalled: "Progressing" },
      },
    ]),
  ),
  "the run failed because of the samples": {
    observed: served({}, { runs: [runOf(infd(), { progress: failed("SamplesNotFound"), endedAgo: 5 })] }),
    reasons: { Tuned: "TuningFailed", Ready: "Serving" },
  },
  "the third run failed": {
    observed: served({}, { runs: [runOf(infd(), { attempt: 3, progress: failed("JobKilled"), endedAgo: 5 })] }),
    reasons: { Tuned: "JobKilled", Stalled: "TuningFailed", Reconciling: "Stalled" },
  },
  "tuning was turned off after three failures": {
    observed: served(
      { "spec.tuning": { mode: "Disabled" } },
      { runs: [runOf(infd(), { attempt: 3, progress: failed("JobKilled"), endedAgo: 5 })] },
    ),
    reasons: { Tuned: "Disabled", Stalled: "Progressing", Reconciling: "Idle" },
  },
  "tuning is off": {
    observed: served({ "spec.tuning": { mode: "Disabled" } }),
    reasons: { Ready: "Serving", Tuned: "Disabled", ConfigurationApplied: "SafePlan", Reconciling: "Idle" },
  },
  "the stored answer was deleted": {
    observed: served({}, { runs: [runOf(infd(), { progress: answered(), endedAgo: 5 })], results: [] }),
    reasons: { Tuned: "ReportInvalid", ConfigurationApplied: "SafePlan" },
  },
  "the plan is on its way": {
    observed: served({}, { runs: [runOf(infd(), { progress: answered() })] }),
    reasons: { Tuned: "Tuned", ConfigurationApplied: "Applying", Reconciling: "Applying" },
  },
  "the plan is not confirmed": { observed: told(95), reasons: { ConfigurationApplied: "NotAcknowledged" } },
  "the plan is refused": { observed: refused(), reasons: { ConfigurationApplied: "PlanRefused", Ready: "Serving" } },
  "the plan is applied and the promise kept": {
    observed: applied(withVerdict("Pass")),
    reasons: {
      ...{ Ready: "Serving", ModelResolved: "Resolved", Tuned: "Tuned", ConfigurationApplied: "Applied" },
      ...{ ServiceLevelMet: "Met", CpuPinned: "Exclusive", Reconciling: "Idle", Stalled: "Progressing" },
    },
  },
  "the promise is not proven": {
    observed: applied(withVerdict("Inconclusive")),
    reasons: { ServiceLevelMet: "Unproven", ConfigurationApplied: "Applied" },
  },
  "the promise is missed": { observed: applied(withVerdict("Fail")), reasons: { ServiceLevelMet: "Missed" } },
  "the budget had no room for the confirming run": {
    observed: applied(answered({ confirmation: null })),
    reasons: { ServiceLevelMet: "NotMeasured", Tuned: "Tuned" },
  },
  "there are too few replicas": {
    observed: applied(withVerdict("Pass"), { "spec.serviceLevel.minimumRequestsPerSecond": 5000 }),
    reasons: { ServiceLevelMet: "CapacityTooLow" },
  },
  "the target cannot be met": {
    observed: applied(answered({ feasible: false, confirmation: null })),
    reasons: { Ready: "Serving", Tuned: "Infeasible", ServiceLevelMet: "Infeasible", ConfigurationApplied: "Applied" },
  },
  "the requests of the last hour keep the promise": {
    observed: applied(withVerdict("Inconclusive"), {}, told500(1)),
    reasons: { ServiceLevelMet: "Kept", ReportsReceived: "Received" },
  },
  "the requests of the last hour break the promise, whatever was measured": {
    observed: applied(withVerdict("Pass"), {}, told500(9)),
    reasons: { ServiceLevelMet: "Breached", Ready: "Serving" },
  },
  "the requests keep the promise, and more of them were promised": {
    observed: applied(withVerdict("Pass"), { "spec.serviceLevel.minimumRequestsPerSecond": 5000 }, told500(1)),
    reasons: { ServiceLevelMet: "CapacityTooLow" },
  },
  "the requests were counted for another target": {
    observed: applied(
      withVerdict("Pass"),
      {},
      { ...told500(9), target: { percentile: "P99", latencyMilliseconds: 5 } },
    ),
    reasons: { ServiceLevelMet: "Met" },
  },
  "all pods run on the kind of node that was measured": {
    observed: applied(),
    reasons: { NodeClassConfirmed: "Confirmed" },
  },
  "the only pod runs on a node of another kind": {
    observed: { ...applied(), nodes: [node("node1", { "kubernetes.io/arch": "arm64" })] },
    reasons: { NodeClassConfirmed: "NodeClassChanged", Tuned: "Tuned", ConfigurationApplied: "Applied" },
  },
  "one of two pods runs on a node of another kind": {
    observed: twoNodes(
      { "kubernetes.io/arch": "arm64" },
      { model: "ARM implementer 0x41 part 0xd40", architecture: "arm64" },
    ),
    reasons: { NodeClassConfirmed: "NodeClassMismatch", ConfigurationApplied: "Applied", Stalled: "Progressing" },
  },
  "one of two pods runs on a node of another kind with an equal CPU": {
    observed: twoNodes({ "kubernetes.io/arch": "amd64v3" }, undefined),
    reasons: { NodeClassConfirmed: "NodeClassMismatch", ConfigurationApplied: "Applied" },
  },
  "one of two pods finds another CPU under the same labels": {
    observed: twoNodes({ "kubernetes.io/arch": "amd64" }, { model: "AMD EPYC 9B14", architecture: "x64" }),
    reasons: { NodeClassConfirmed: "CpuMismatch", ConfigurationApplied: "Applied" },
  },
  "the API server refuses an object": {
    observed: { ...served({}), refusal: "apply deployments/ocr-x64: 422 Invalid: nodeSelector" },
    reasons: { Stalled: "ObjectRefused", Reconciling: "Stalled", Ready: "Serving" },
  },
  "a pod says nothing": {
    observed: served({}, { reports: { [podName]: { problem: "it answers no more" } } }),
    reasons: { ReportsReceived: "Missing", ServiceLevelMet: "NotMeasured" },
  },
  "Prometheus should count the requests and says nothing": {
    observed: served({}, { counts: { problem: "it answers 503" } }),
    reasons: { ReportsReceived: "PrometheusSilent", ServiceLevelMet: "NotMeasured" },
  },
  "the CPUs are shared": { observed: pinned({ pinning: "Shared" }), reasons: { CpuPinned: "Shared" } },
  "the pod is throttled": { observed: pinned({ pinning: "Throttled" }), reasons: { CpuPinned: "Throttled" } },
  "the CPUs cannot be read": { observed: pinned({ pinning: "Unavailable" }), reasons: { CpuPinned: "Unavailable" } },
  "a container was injected": { observed: injected(), reasons: { CpuPinned: "NotGuaranteed" } },
  "the CPUs are not whole": {
    observed: served({ "spec.targets.0.resources.cpu": "500m" }),
    reasons: { CpuPinned: "FractionalCpus" },
  },
  "one of two targets cannot run": {
    observed: observe(infd({ ...twoTargets, "spec.replicas": 2 }), {
      x64: { deployment: deploymentOf(1), pods: [serverPod({})], reports: { [podName]: reportOf() } },
      arm: {
        deployment: deploymentOf(1, "arm"),
        pods: [serverPod({ name: "ocr-arm-a", target: "arm", status: statuses.noSuchNode })],
      },
    }),
    reasons: { Ready: "PodsUnschedulable", Stalled: "PodsCannotRun", CpuPinned: "NotReported" },
  },
};
