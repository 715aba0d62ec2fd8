import {
  type CpuIdentity,
  explain,
  type NodeClass,
  type ReasonName,
  safeRevision,
  type TuningRunSpec,
} from "@sweetspot/crds";
import type { Observed } from "../inference-deployment/observed.ts";
import { podWith } from "../policies/testing/observations.ts";
import type { Pod } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import type { Progress } from "../tuning-run/progress.ts";
import { type Changes, deploymentOf, infd, node, now, reportOf, serverPod, toldAnnotations } from "./objects.ts";
import { observeOne, type Seen } from "./observations.ts";
import { answered, planOf, runOf } from "./runs.ts";

type FailureReason = ReasonName<"TuningRun", "Failed">;
const failureValues = {
  ...{ detail: "its pod went away", job: "ocr-x64-1c3b895b-1", seconds: 480, selector: "disk=ssd" },
  ...{ key: "requests.jsonl", configMap: "ocr-samples" },
};
/** The only pod, where there is one. */
export const podName = "ocr-x64-a";
/** Of a run: its Job waits, and why. */
export const waiting = (detail: string): Progress => ({ kind: "Waiting", detail });
export const running: Progress = { kind: "Running", node: "node1" };
export const failed = (reason: FailureReason): Progress => ({
  kind: "Failed",
  failure: explain("TuningRun", "Failed", reason, failureValues as never),
});

/** One pod, in a state that the kubelet or the scheduler tells of. */
export const badPod = (status: Pod["status"], changes: Changes = {}): Observed =>
  observeOne(changes, { deployment: deploymentOf(1), pods: [serverPod({ status })] });

/** One pod that serves and tells so; `seen` says what is otherwise. */
export const served = (changes: Changes = {}, seen: Seen = {}): Observed =>
  observeOne(changes, {
    deployment: deploymentOf(1),
    pods: [serverPod({})],
    reports: { [podName]: reportOf() },
    ...seen,
  });

/** Served, with a run that has come so far. */
export const asked = (
  progress: Progress | undefined,
  changes: Changes = {},
  more: Partial<TuningRunSpec> = {},
): Observed => {
  const run = runOf(infd(changes), { ...more, ...(progress && { progress }) });
  return served(changes, { runs: [run] });
};

/** Tuned, told and applied. */
export const applied = (
  progress: Progress = answered(),
  changes: Changes = {},
  report: Parameters<typeof reportOf>[0] = {},
): Observed => {
  const run = runOf(infd(changes), { progress });
  const plan = planOf(infd(changes), run);
  return served(changes, {
    runs: [run],
    pods: [serverPod({ annotations: toldAnnotations(plan, 60) })],
    reports: { [podName]: reportOf({ ...report, planRevision: plan.revision }) },
  });
};

/** Tuned on the first of two nodes; the second has these labels, and its pod finds that CPU and runs what it should there. */
export const twoNodes = (labels: NodeClass, cpu: CpuIdentity | undefined): Observed => {
  const changes = { "spec.replicas": 2 };
  const run = runOf(infd(changes), { progress: answered() });
  const plan = planOf(infd(changes), run);
  const there = cpu === undefined ? plan.revision : safeRevision;
  const told = { ...toldAnnotations(plan, 60), ...(cpu && { [annotationKeys.plan]: safeRevision }) };
  const observed = served(changes, {
    deployment: deploymentOf(2),
    runs: [run],
    pods: [
      serverPod({ annotations: toldAnnotations(plan, 60) }),
      serverPod({ name: "ocr-x64-b", node: "node2", annotations: told }),
    ],
    reports: {
      [podName]: reportOf({ planRevision: plan.revision }),
      "ocr-x64-b": reportOf({ planRevision: there, ...(cpu && { cpu }) }),
    },
  });
  return { ...observed, nodes: [...observed.nodes, node("node2", labels)] };
};

const confirmation = (verdict: "Pass" | "Fail" | "Inconclusive") => ({
  offeredRequestsPerSecond: 280,
  latencyMilliseconds: 13.7,
  verdict,
});
/** The answer of a tuning whose confirming run came to this. */
export const withVerdict = (verdict: "Pass" | "Fail" | "Inconclusive") =>
  answered({ confirmation: confirmation(verdict) });
/** Served by a pod that tells this. */
export const pinned = (changes: Parameters<typeof reportOf>[0]): Observed =>
  served({}, { reports: { [podName]: reportOf(changes) } });

/** Tuned, and told so many seconds ago what to run, with no word that it does. */
export const told = (seconds: number, report: Parameters<typeof reportOf>[0] = {}): Observed => {
  const run = runOf(infd(), { progress: answered() });
  const annotations = toldAnnotations(planOf(infd(), run), seconds, 5);
  return served({}, { runs: [run], pods: [serverPod({ annotations })], reports: { [podName]: reportOf(report) } });
};

/** Told, and refused by the pod. */
export const refused = (): Observed => {
  const refusedRevision = runOf(infd()).metadata.name;
  return told(60, { planError: "The plan needs 2 CPUs.", refusedRevision });
};

/** What a pod tells that had so many bad ones among 500 requests in each ten seconds of the last hour. */
export const told500 = (bad: number): Parameters<typeof reportOf>[0] => {
  const end = Math.floor(now / 10_000) * 10;
  const { report } = podWith(new Array<number>(360).fill(bad), { end });
  const { traffic } = report as NonNullable<typeof report>;
  const target = { percentile: "P99", latencyMilliseconds: 50 } as const;
  return { ...(traffic && { traffic }), target, since: new Date(now - 7_200_000).toISOString() };
};

export const wrongDigest = `The model file has digest sha256:${"a".repeat(64)}, not sha256:${"b".repeat(64)}. Correct one of the two.`;
/** Served by a pod with a container that somebody else put there. */
export const injected = (): Observed => {
  const pod = serverPod({});
  const containers = [...(pod.spec?.containers ?? []), { name: "proxy", image: "proxy:1" }];
  const status = { ...pod.status, qosClass: "Burstable" };
  return served({}, { pods: [{ ...pod, spec: { nodeName: "node1", containers }, status }] });
};

export const waitForTuning = { "spec.rollout": { initial: "WaitForTuning" } };
export const full = "0/1 nodes are available: 1 Insufficient cpu";
