import { explain } from "@sweetspot/crds";
import fc from "fast-check";
import type { Observed } from "../inference-deployment/observed.ts";
import type { PodReport } from "../reports/fetch-report.ts";
import type { Pod, StoredTuningRun } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import type { ObservedRun } from "../tuning-run/observed.ts";
import type { Progress } from "../tuning-run/progress.ts";
import * as statuses from "./kubelet-statuses.ts";
import { type Changes, deploymentOf, infd, node, now, readyStatus, reportOf, serverPod, settings } from "./objects.ts";
import { observe, type Seen } from "./observations.ts";
import { answered, observedRun, resultOf, runOf, storedResult } from "./runs.ts";

/** Texts as programs and people write them, and worse. */
const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 900 }), fc.string(), fc.constant("x".repeat(5000)));

const agreesWithAutoscaling = (fields: Changes): boolean =>
  fields["spec.tuning.mode"] !== "Disabled" && Number(fields["spec.replicas"] ?? 1) <= 1;

const changes: fc.Arbitrary<Changes> = fc
  .record(
    {
      "spec.replicas": fc.integer({ min: 0, max: 4 }),
      "spec.autoscaling": fc.record({
        minReplicas: fc.integer({ min: 1, max: 3 }),
        maxReplicas: fc.integer({ min: 3, max: 5 }),
        loadBalancing: fc.constantFrom("Even", "LeastRequest"),
      }),
      "spec.model.uri": fc.constantFrom(
        "oci://registry.example.com/models/ocr:1",
        "pvc://models/ocr",
        "s3://models/ocr",
      ),
      "spec.serviceLevel.latencyMilliseconds": fc.constantFrom(1, 50, 600_000),
      "spec.serviceLevel.minimumRequestsPerSecond": fc.constantFrom(1, 1_000_000),
      "spec.tuning.mode": fc.constantFrom("Automatic", "Disabled"),
      "spec.tuning.whenFull": fc.constantFrom("Wait", "Yield"),
      "spec.rollout.initial": fc.constantFrom("ServeSource", "WaitForTuning"),
      "spec.targets": fc.subarray(
        ["x64", "arm"].map((name) => ({ name, resources: { cpu: name === "arm" ? "500m" : "1", memory: "1Gi" } })),
        { minLength: 1 },
      ),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => fields["spec.tuning.mode"] !== "Disabled" || fields["spec.rollout.initial"] !== "WaitForTuning")
  .filter((fields) => fields["spec.autoscaling"] === undefined || agreesWithAutoscaling(fields));

const serverStatus: fc.Arbitrary<Pod["status"]> = fc.oneof(
  fc.constantFrom(readyStatus, {}, statuses.noRoom, statuses.noClaim, statuses.creating("server")),
  anyText.map((text) => statuses.unschedulable(text)),
  anyText.map((text) => statuses.imageBackOff("server", text)),
  fc
    .tuple(anyText, fc.integer({ min: 0, max: 255 }))
    .map(([message, exitCode]) => statuses.crashLoop({ message, exitCode })),
);

const annotations = fc.record(
  {
    [annotationKeys.plan]: anyText,
    [annotationKeys.nonce]: fc.oneof(anyText, fc.constantFrom("0/0", `${now}/3`, "9999999999999999/999999999")),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;

const podReport: fc.Arbitrary<PodReport> = fc.oneof(
  anyText.map((problem): PodReport => ({ problem: problem.slice(0, 200) })),
  fc
    .record({
      pinning: fc.constantFrom("Exclusive", "Shared", "Throttled", "Off", "NotGuaranteed", "Unavailable" as const),
      planError: fc.option(anyText.map((text) => text.slice(0, 1024))),
    })
    .map((fields) => reportOf(fields as Parameters<typeof reportOf>[0])),
);

const failure = fc
  .tuple(fc.constantFrom("TuningFailed", "JobKilled", "SamplesNotFound" as const), anyText)
  .map(([reason, text]): Progress => {
    const values = { detail: text, job: "job", key: text, configMap: text };
    return { kind: "Failed", failure: explain("TuningRun", "Failed", reason as "TuningFailed", values) };
  });
const figure = fc.double({ min: 0, max: 1e12, noNaN: true });
const progress: fc.Arbitrary<Progress | undefined> = fc.oneof(
  fc.constantFrom<Progress | undefined>(undefined, { kind: "Running", node: "node1" }, answered()),
  anyText.map((detail): Progress => ({ kind: "Waiting", detail })),
  fc
    .record({
      feasible: fc.boolean(),
      bestReachableMilliseconds: figure,
      capacityRequestsPerSecond: figure,
    })
    .map((fields) => answered(fields)),
  failure,
);

/** Whatever an InferenceDeployment may be found in; texts of others are arbitrary. */
export const anyObserved: fc.Arbitrary<Observed> = fc
  .record({
    fields: changes,
    pods: fc.array(fc.record({ status: serverStatus, annotations, report: fc.option(podReport) }), { maxLength: 3 }),
    runs: fc.uniqueArray(
      fc.record({
        attempt: fc.integer({ min: 1, max: 100 }),
        progress,
        latency: fc.constantFrom(1, 50),
        endedAgo: fc.nat(4000),
        stored: fc.boolean(),
      }),
      { maxLength: 5, selector: ({ attempt, latency }) => `${attempt} ${latency}` },
    ),
    replicas: fc.option(fc.nat(4)),
    nodes: fc.boolean(),
  })
  .map(({ fields, pods, runs, replicas, nodes }) => {
    const deployment = infd(fields);
    const names = pods.map((_, index) => `ocr-x64-${index}`);
    const made = runs.map(({ attempt, latency, progress: how, endedAgo }) => {
      const asking = infd({ ...fields, "spec.serviceLevel.latencyMilliseconds": latency });
      const [target] = asking.spec.targets;
      return runOf(asking, { attempt, endedAgo, target: target?.name ?? "", ...(how && { progress: how }) });
    });
    const seen: Seen = {
      ...(replicas === null ? {} : { deployment: deploymentOf(replicas) }),
      pods: pods.map((pod, index) => serverPod({ ...pod, name: names[index] as string })),
      reports: Object.fromEntries(
        pods.flatMap(({ report }, index) => (report === null ? [] : [[names[index] as string, report]])),
      ),
      runs: made,
      results: made.filter(({ status }, index) => status?.result && runs[index]?.stored).map(storedResult),
    };
    const first = deployment.spec.targets[0]?.name ?? "";
    return observe(deployment, { [first]: seen }, nodes ? {} : { nodes: [node("elsewhere")], settings });
  });

const tunerStatus: fc.Arbitrary<Pod["status"]> = fc.oneof(
  fc.constantFrom(
    {},
    statuses.tunerRuns,
    statuses.outOfMemory,
    statuses.evicted,
    statuses.pastDeadline,
    statuses.noRoom,
  ),
  anyText.map((text) => statuses.imageBackOff("tuner", text)),
  fc
    .tuple(fc.oneof(anyText, fc.constant(JSON.stringify(resultOf())), fc.json()), fc.integer({ min: 0, max: 255 }))
    .map(([message, exitCode]) => statuses.tunerEnded({ message, exitCode })),
);

/** Whatever a TuningRun may be found in. */
export const anyObservedRun: fc.Arbitrary<ObservedRun> = fc
  .record({
    status: fc.option(tunerStatus),
    job: fc.option(fc.constantFrom("active", "Failed", "Complete")),
    stored: fc.constantFrom("nothing", "report", "problem"),
    known: fc.boolean(),
    samplesFound: fc.boolean(),
    matchingNodes: fc.nat(2),
    age: fc.nat(100),
  })
  .map(({ status, job, stored, known, age, ...rest }) => {
    const run: StoredTuningRun = runOf(infd());
    const { name } = run.metadata;
    const conditions = job === "active" ? [] : [{ type: job as string, status: "True" }];
    const report = storedResult(run);
    return observedRun(known ? { ...run, status: { jobName: name } } : run, {
      ...rest,
      job: job === null ? undefined : { metadata: { name, uid: "uid-job" }, status: { conditions } },
      pod: status === null ? undefined : podOf(status, age),
      report: { nothing: undefined, report, problem: { ...report, data: { problem: "The log holds no report." } } }[
        stored
      ],
    });
  });

const podOf = (status: Pod["status"], age: number): Pod => ({
  metadata: { name: "pod", uid: "uid-pod", creationTimestamp: new Date(now - 1000 * age).toISOString() },
  spec: { nodeName: "node1", containers: [] },
  status,
});
