import { describe, expect, it } from "vitest";
import type { StoredTuningRun } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import { type Changes, deploymentOf, infd, reportOf, serverPod, toldAnnotations } from "../testing/objects.ts";
import { actionsOf, observeOne, type Seen } from "../testing/observations.ts";
import { answered, planOf, runOf } from "../testing/runs.ts";
import type { Progress } from "../tuning-run/progress.ts";
import { planDeployment } from "./plan.ts";

const served: Seen = { deployment: deploymentOf(1), pods: [serverPod({})], reports: { "ocr-x64-a": reportOf() } };
const failed: Progress = {
  kind: "Failed",
  failure: { type: "Failed", status: "True", reason: "JobKilled", message: "It was killed." },
};
const running: Progress = { kind: "Running", node: "node1" };
const noRoom: Progress = { kind: "Waiting", detail: "0/1 nodes are available: 1 Insufficient cpu" };

const plan = (runs: readonly StoredTuningRun[], changes: Changes = {}, seen: Seen = {}) =>
  planDeployment(observeOne(changes, { ...served, runs, ...seen }));
const madeBy = (made: ReturnType<typeof plan>) =>
  actionsOf(made, "Create").map(({ manifest }) => (manifest as { spec?: unknown }).spec);
const deletedBy = (made: ReturnType<typeof plan>) =>
  actionsOf(made, "Delete").map(({ object }) => object.metadata.name);
const replicasIn = (made: ReturnType<typeof plan>) =>
  actionsOf(made, "Apply")
    .filter(({ resource }) => resource.kind === "Deployment")
    .map(({ manifest }) => (manifest as { spec?: { replicas?: number } }).spec?.replicas);

describe("a question", () => {
  it.each([
    ["was just asked", undefined],
    ["is measured", running],
    ["is answered", answered()],
  ])("is not asked again while it %s", (_, progress) => {
    expect(madeBy(plan([runOf(infd(), progress === undefined ? {} : { progress })]))).toEqual([]);
  });

  it.each([
    [1, 9, false],
    [1, 10, true],
    [3, 39, false],
    [3, 40, true],
    [20, 1799, false],
    [20, 1800, true],
  ])("that failed %i times is asked again after a pause that doubles: after %i s %s", (attempt, endedAgo, again) => {
    const made = plan([runOf(infd(), { attempt, progress: failed, endedAgo })]);
    const next = expect.objectContaining({ trigger: "Retry", attempt: attempt + 1 });
    expect(madeBy(made)).toEqual(again ? [next] : []);
    if (!again) expect(made.requeueAfter).toBeLessThanOrEqual(1100);
  });

  it("is given up after a hundred attempts", () => {
    expect(madeBy(plan([runOf(infd(), { attempt: 100, progress: failed, endedAgo: 1e6 })]))).toEqual([]);
  });

  it("whose stored answer was lost is asked again", () => {
    const run = runOf(infd(), { progress: answered(), endedAgo: 11 });
    expect(madeBy(plan([run], {}, { results: [] }))).toEqual([expect.objectContaining({ attempt: 2 })]);
    expect(madeBy(plan([run]))).toEqual([]);
  });

  it("that changed is asked anew, and the run of the old one is ended", () => {
    const old = runOf(infd(), { progress: running });
    const made = plan([old], { "spec.serviceLevel.latencyMilliseconds": 30 });
    expect(madeBy(made)).toEqual([expect.objectContaining({ trigger: "SpecChanged", attempt: 1 })]);
    expect(deletedBy(made)).toEqual([old.metadata.name]);
  });

  it("that changed back needs no new run", () => {
    const first = runOf(infd(), { progress: answered(), endedAgo: 600 });
    const second = runOf(infd({ "spec.serviceLevel.latencyMilliseconds": 30 }), { progress: answered() });
    const made = plan([second, first]);
    expect(madeBy(made)).toEqual([]);
    expect(actionsOf(made, "AnnotatePod")[0]?.annotations[annotationKeys.plan]).toContain(first.metadata.name);
  });

  it("is the same whatever the number of replicas and what is done when a node is full", () => {
    const run = runOf(infd(), { progress: answered() });
    const changes = { "spec.replicas": 4, "spec.tuning": { whenFull: "Yield" } };
    expect(madeBy(plan([run], changes))).toEqual([]);
  });
});

describe("finished runs of older questions", () => {
  it("are kept for a look back: three of them beside the present one", () => {
    const older = [40, 41, 42, 43, 44].map((latency, index) =>
      runOf(infd({ "spec.serviceLevel.latencyMilliseconds": latency }), {
        progress: failed,
        endedAgo: 1000 - 100 * index,
      }),
    );
    const present = runOf(infd(), { progress: answered(), endedAgo: 5000 });
    const gone = deletedBy(plan([present, ...older]));
    expect(gone.sort()).toEqual([older[0], older[1]].map((run) => run?.metadata.name).sort());
  });

  it("are kept when their answer is the one that serves", () => {
    const serving = runOf(infd(), { progress: answered(), endedAgo: 9000 });
    const later = [41, 42, 43, 44].map((latency) =>
      runOf(infd({ "spec.serviceLevel.latencyMilliseconds": latency }), { progress: failed, endedAgo: 100 + latency }),
    );
    const gone = deletedBy(plan([serving, ...later], { "spec.serviceLevel.latencyMilliseconds": 60 }));
    expect(gone).toHaveLength(1);
    expect(gone).not.toContain(serving.metadata.name);
  });
});

describe("an answer to an older question", () => {
  const old = runOf(infd(), { progress: answered() });
  const pods = [serverPod({ annotations: toldAnnotations(planOf(infd(), old), 60) })];
  const reports = { "ocr-x64-a": reportOf({ planRevision: old.metadata.name }) };

  it("goes on serving under another target", () => {
    const made = plan([old], { "spec.serviceLevel.latencyMilliseconds": 30 }, { pods, reports });
    expect(actionsOf(made, "AnnotatePod")).toEqual([]);
    const map = actionsOf(made, "Apply").find(
      ({ manifest }) => "data" in manifest && manifest.metadata.name === "ocr-x64",
    );
    expect(map?.manifest).toMatchObject({ data: { active: JSON.stringify(planOf(infd(), old)) } });
  });

  it.each([
    ["model", { "spec.model.uri": "oci://registry.example.com/models/ocr:2" }],
    ["file", { "spec.model.file": "other.onnx" }],
    ["size", { "spec.targets.0.resources.cpu": "2" }],
    ["kind of node", { "spec.targets.0.nodeSelector": { disk: "ssd" } }],
  ])("is forgotten with another %s", (_, changes) => {
    const made = plan([old], changes, { pods, reports });
    expect(actionsOf(made, "AnnotatePod")).toEqual([
      expect.objectContaining({ annotations: { [annotationKeys.plan]: null, [annotationKeys.nonce]: null } }),
    ]);
    expect(actionsOf(made, "Apply")[2]?.manifest).toMatchObject({ data: {}, binaryData: {} });
  });
});

describe("with tuning off", () => {
  const off = { "spec.tuning": { mode: "Disabled" } };
  const run = runOf(infd(), { progress: answered() });

  it("nothing is measured, and a run under way is ended", () => {
    const made = plan([runOf(infd(), { progress: running })], off);
    expect(madeBy(made)).toEqual([]);
    expect(deletedBy(made)).toHaveLength(1);
  });

  it("a plan that somebody gave a pod by hand is left alone", () => {
    const pods = [serverPod({ annotations: { [annotationKeys.plan]: '{"mine":true}' } })];
    expect(actionsOf(plan([], off, { pods }), "AnnotatePod")).toEqual([]);
  });

  it("a plan that was measured is taken back: the source is served", () => {
    const pods = [serverPod({ annotations: toldAnnotations(planOf(infd(), run), 60) })];
    const made = plan([run], off, { pods });
    expect(actionsOf(made, "AnnotatePod")).toEqual([
      expect.objectContaining({ annotations: { [annotationKeys.plan]: null, [annotationKeys.nonce]: null } }),
    ]);
    expect(deletedBy(made)).toEqual([]);
  });
});

describe("when one CPU must host both", () => {
  const yieldFor = { "spec.tuning": { whenFull: "Yield" } };
  const yielding = (progress: Progress, replicas: number) =>
    plan([runOf(infd(yieldFor), { progress })], yieldFor, { deployment: deploymentOf(replicas) });

  it("the Job waits with Wait", () => {
    expect(replicasIn(plan([runOf(infd(), { progress: noRoom })]))).toEqual([1]);
  });

  it("the pod stays with Yield while the Job needs no room", () => {
    expect(replicasIn(yielding(running, 1))).toEqual([1]);
    expect(replicasIn(yielding({ kind: "Waiting", detail: "its pod is being made" }, 1))).toEqual([1]);
  });

  it("the pod goes with Yield when the Job finds none, stays away while it runs, and comes back", () => {
    expect(replicasIn(yielding(noRoom, 1))).toEqual([0]);
    expect(replicasIn(yielding(running, 0))).toEqual([0]);
    expect(replicasIn(yielding(answered(), 0))).toEqual([1]);
    expect(replicasIn(yielding(failed, 0))).toEqual([1]);
  });

  it("one pod of several makes room", () => {
    const many = { ...yieldFor, "spec.replicas": 3 };
    const made = plan([runOf(infd(many), { progress: noRoom })], many, { deployment: deploymentOf(3) });
    expect(replicasIn(made)).toEqual([2]);
  });
});
