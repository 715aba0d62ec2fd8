import { InferenceDeploymentStatus } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { deployments, services, tuningRuns } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import * as statuses from "../testing/kubelet-statuses.ts";
import { deploymentOf, infd, node, reportOf, serverPod, toldAnnotations, twoTargets } from "../testing/objects.ts";
import { actionsOf, inWords, observe, observeOne, statusIn } from "../testing/observations.ts";
import { answered, planOf, runOf } from "../testing/runs.ts";
import { planDeployment } from "./plan.ts";

const childrenOfX64 = [
  "Apply ServiceAccount/ocr-x64",
  "Apply ConfigMap/ocr-x64",
  "Apply PodDisruptionBudget/ocr-x64",
  "Apply Deployment/ocr-x64",
];
const replicasOf = (plan: ReturnType<typeof planDeployment>): number[] =>
  actionsOf(plan, "Apply")
    .filter(({ resource }) => resource === deployments)
    .map(({ manifest }) => (manifest as { spec?: { replicas?: number } }).spec?.replicas ?? -1);
const served = { deployment: deploymentOf(1), pods: [serverPod({})], reports: { "ocr-x64-a": reportOf() } };

describe("the first reconcile", () => {
  it("makes the Service, then what the pods need, then the pods, and says where it stands", () => {
    expect(inWords(planDeployment(observeOne()))).toEqual([
      "Apply Service/ocr",
      ...childrenOfX64,
      "ApplyStatus InferenceDeployment/ocr",
    ]);
  });

  it("asks for the measurement at once when nothing is to be served before it", () => {
    const plan = planDeployment(observeOne({ "spec.rollout": { initial: "WaitForTuning" } }));
    expect(inWords(plan)).toContainEqual(expect.stringMatching(/^Create TuningRun\/ocr-x64-[0-9a-f]{8}-1$/));
    expect(replicasOf(plan)).toEqual([0]);
  });
});

describe("serving", () => {
  it("comes before measuring: the run is made when the first pod answers", () => {
    const starting = observeOne({}, { ...served, pods: [serverPod({ status: statuses.creating("server") })] });
    expect(actionsOf(planDeployment(starting), "Create")).toEqual([]);
    const [run, ...others] = actionsOf(planDeployment(observeOne({}, served)), "Create");
    expect(others).toEqual([]);
    expect(run?.resource).toBe(tuningRuns);
    expect(run?.manifest).toMatchObject({ spec: { trigger: "Initial", attempt: 1, target: "x64" } });
  });

  it("keeps what the run makes where the spec says", () => {
    const artifactStore = { uri: "pvc://artifacts/ocr" };
    const [run] = actionsOf(planDeployment(observeOne({ "spec.artifactStore": artifactStore }, served)), "Create");
    expect(run?.manifest).toMatchObject({ spec: { artifactStore } });
  });

  it("keeps the old pod until a new one answers, and waits for nothing where none does", () => {
    const strategyOf = (pods: readonly ReturnType<typeof serverPod>[]) =>
      actionsOf(planDeployment(observeOne({}, { pods })), "Apply").find(({ resource }) => resource === deployments)
        ?.manifest;
    expect(strategyOf([serverPod({})])).toMatchObject({
      spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    });
    expect(strategyOf([serverPod({ status: statuses.crashLoop({}) })])).toMatchObject({
      spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
    });
  });

  it("goes on with what is there when the new source cannot be mounted", () => {
    const run = runOf(infd(), { progress: answered() });
    const pods = [serverPod({ annotations: toldAnnotations(planOf(infd(), run), 60) })];
    const plan = planDeployment(observeOne({ "spec.model.uri": "ftp://models/ocr" }, { ...served, pods, runs: [run] }));
    const decided = inWords(plan).filter((word) => !word.startsWith("RecordEvent"));
    expect(decided).toEqual(["ApplyStatus InferenceDeployment/ocr"]);
  });

  it("ends for a target that the spec no longer names", () => {
    const object = deploymentOf(1, "old");
    const plan = planDeployment(observeOne({}, served, { leftovers: [{ resource: deployments, object }] }));
    expect(inWords(plan)).toContain("Delete Deployment/ocr-old");
    expect(actionsOf(plan, "Delete")).toHaveLength(1);
  });
});

describe("two targets", () => {
  const two = infd({ ...twoTargets, "spec.replicas": 3 });

  it("share one Service and the replicas", () => {
    const plan = planDeployment(observe(two));
    expect(actionsOf(plan, "Apply").filter(({ resource }) => resource === services)).toHaveLength(1);
    expect(replicasOf(plan)).toEqual([2, 1]);
  });

  it("are measured each on its own, when it serves", () => {
    const plan = planDeployment(observe(two, { x64: served }));
    expect(actionsOf(plan, "Create").map(({ manifest }) => manifest.metadata.labels)).toEqual([
      expect.objectContaining({ "sweetspot.dev/target": "x64" }),
    ]);
  });

  it("show the one that carries least, and what all carry as the requests reach them", () => {
    const strong = runOf(two, { progress: answered({ capacityRequestsPerSecond: 400 }) });
    const weak = runOf(two, { target: "arm", progress: answered({ capacityRequestsPerSecond: 90, winner: "weak" }) });
    const seen = {
      x64: { pods: [serverPod({}), serverPod({ name: "ocr-x64-b" })], runs: [strong] },
      arm: { pods: [serverPod({ name: "ocr-arm-a", target: "arm" })], runs: [weak] },
    };
    expect(statusIn(planDeployment(observe(two, seen)))).toMatchObject({
      summary: { winner: "weak", capacity: "270/s", latency: "13.7 ms", target: "P99 < 50 ms" },
      readyReplicas: 3,
      targets: [
        { name: "x64", readyReplicas: 2 },
        { name: "arm", readyReplicas: 1, winner: "weak" },
      ],
    });
    const byLoad = infd({ ...twoTargets, "spec.autoscaling": { maxReplicas: 3, loadBalancing: "LeastRequest" } });
    expect(statusIn(planDeployment(observe(byLoad, seen)))).toMatchObject({ summary: { capacity: "890/s" } });
  });

  describe("that carry 400 and 90 requests/s a replica", () => {
    const four = infd({ ...twoTargets, "spec.replicas": 4 });
    const measured = (capacities: Readonly<Record<string, number>>, ready: Readonly<Record<string, number>>) =>
      Object.fromEntries(
        ["x64", "arm"].map((target) => [
          target,
          {
            deployment: deploymentOf(2, target),
            pods: Array.from({ length: ready[target] ?? 0 }, (_, i) =>
              serverPod({ name: `ocr-${target}-${i}`, target }),
            ),
            runs: [
              runOf(four, { target, progress: answered({ capacityRequestsPerSecond: capacities[target] as number }) }),
            ],
          },
        ]),
      );

    it("share the replicas by that, a pod at a time while all answer, and as status remembers them", () => {
      const first = observe(four, measured({ x64: 400, arm: 90 }, { x64: 2, arm: 2 }));
      const plan = planDeployment(first);
      expect(replicasOf(plan)).toEqual([3, 1]);
      expect(statusIn(plan)).toMatchObject({ targets: [{ desiredReplicas: 3 }, { desiredReplicas: 1 }] });
      const rest = observe({ ...four, status: statusIn(plan) }, measured({ x64: 400, arm: 90 }, { x64: 3, arm: 1 }));
      expect(replicasOf(planDeployment(rest))).toEqual([3, 1]);
    });

    it("keep them as they are while a pod does not answer", () => {
      expect(replicasOf(planDeployment(observe(four, measured({ x64: 400, arm: 90 }, { x64: 2, arm: 1 }))))).toEqual([
        2, 2,
      ]);
    });
  });
});

describe("status", () => {
  const run = runOf(infd(), { progress: answered() });
  const measured = { ...served, runs: [{ ...run, status: { ...run.status, nodeName: "node1" } }] };

  it("names what was measured, on which kind of node, and what the pods run", () => {
    const { targets } = InferenceDeploymentStatus.parse(statusIn(planDeployment(observeOne({}, measured))));
    expect(targets).toEqual([
      expect.objectContaining({
        name: "x64",
        nodeClass: { "kubernetes.io/arch": "amd64" },
        winner: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8",
        percentile: "P99",
        latencyMilliseconds: 13.7,
        tunedConcurrency: 2.31,
        verdict: "Inconclusive",
        planRevision: run.metadata.name,
        appliedReplicas: 0,
        pinning: "Exclusive",
        tuningRun: run.metadata.name,
      }),
    ]);
  });

  it("has no concurrency to aim at where a queue grew in the confirming run, or nobody looked", () => {
    const concurrencyAfter = (confirmation: object) => {
      const run = runOf(infd(), { progress: answered({ confirmation: { ...confirming, ...confirmation } }) });
      return InferenceDeploymentStatus.parse(statusIn(planDeployment(observeOne({}, { ...served, runs: [run] }))))
        .targets?.[0]?.tunedConcurrency;
    };
    const confirming = { offeredRequestsPerSecond: 281, latencyMilliseconds: 31, verdict: "Pass" } as const;
    expect(concurrencyAfter({ concurrency: 3.5 })).toBe(3.5);
    expect(concurrencyAfter({ concurrency: 350, verdict: "Fail" })).toBeUndefined();
    expect(concurrencyAfter({})).toBeUndefined();
  });

  it("keeps the kind of a node that went away", () => {
    const before = observeOne({}, measured);
    const status = statusIn<InferenceDeploymentStatus>(planDeployment(before));
    const later = { ...before, infd: { ...before.infd, status }, nodes: [node("node2")] };
    expect(statusIn<InferenceDeploymentStatus>(planDeployment(later)).targets?.[0]?.nodeClass).toEqual({
      "kubernetes.io/arch": "amd64",
    });
  });

  it("writes large figures as people read them", () => {
    const confirmation = { offeredRequestsPerSecond: 1, latencyMilliseconds: 12345.6, verdict: "Pass" } as const;
    const slow = runOf(infd(), { progress: answered({ confirmation, capacityRequestsPerSecond: 1.5 }) });
    expect(statusIn(planDeployment(observeOne({}, { ...served, runs: [slow] })))).toMatchObject({
      summary: { latency: expect.stringMatching(/^123\d\d ms$/), capacity: "1.5/s" },
    });
  });
});

describe("events", () => {
  it("tell each change once, as a warning when it is bad", () => {
    const observed = observeOne({}, { ...served, pods: [serverPod({ status: statuses.noSuchNode })] });
    const plan = planDeployment(observed);
    expect(actionsOf(plan, "RecordEvent")).toEqual([
      expect.objectContaining({ type: "Warning", reason: "PodsUnschedulable", action: "Serve" }),
    ]);
    const later = { ...observed, infd: { ...observed.infd, status: statusIn<object>(plan) } };
    expect(actionsOf(planDeployment(later as typeof observed), "RecordEvent")).toEqual([]);
  });
});

it("annotations of a pod are only ever the two that the operator may set", () => {
  const run = runOf(infd(), { progress: answered() });
  const plan = planDeployment(observeOne({}, { ...served, runs: [run] }));
  expect(actionsOf(plan, "AnnotatePod").flatMap(({ annotations }) => Object.keys(annotations))).toEqual([
    annotationKeys.plan,
    annotationKeys.nonce,
  ]);
});
