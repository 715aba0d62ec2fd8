import { conditions, type TuningResult, TuningRunStatus, writeTuningResult } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import type { Pod } from "../resources.ts";
import { reportName } from "../specs/names.ts";
import * as statuses from "../testing/kubelet-statuses.ts";
import { ago, infd, namespace, now, uidOf } from "../testing/objects.ts";
import { actionsOf, inWords, statusIn } from "../testing/observations.ts";
import { answered, observedRun, resultOf, runOf, storedResult } from "../testing/runs.ts";
import type { ObservedRun } from "./observed.ts";
import { planRun } from "./plan.ts";
import { reportKeys } from "./store-result.ts";

const run = runOf(infd());
const { name } = run.metadata;

const job = (status: NonNullable<ObservedRun["job"]>["status"] = { active: 1 }): ObservedRun["job"] => ({
  metadata: { name, namespace, uid: uidOf(name) },
  status,
});

const pod = (status: Pod["status"], seconds = 10): Pod => ({
  metadata: { name: `${name}-abcde`, namespace, uid: uidOf("pod"), creationTimestamp: ago(seconds) },
  spec: { nodeName: "node1", containers: [{ name: "tuner", image: "tuner" }] },
  status,
});

const plan = (changes: Partial<ObservedRun> = {}) => planRun(observedRun(run, changes));

/** Status and reason of each condition. */
const conditionsOf = (changes: Partial<ObservedRun>): Record<string, string> => {
  const { conditions = [] } = TuningRunStatus.parse(statusIn(plan(changes)));
  return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
};

const ended = (message: string, exitCode = 0): Partial<ObservedRun> => ({
  job: job({}),
  pod: pod(statuses.tunerEnded({ message, exitCode })),
});
const done = ended(writeTuningResult(resultOf()));
const failedResult: TuningResult = {
  apiVersion: "sweetspot.dev/v1alpha1",
  kind: "TuningResult",
  state: "Failed",
  message: "The model has no inputs.",
};

describe("a new run", () => {
  it("gets its Job before it says so", () => {
    expect(inWords(plan())).toEqual([`Create Job/${name}`, `ApplyStatus TuningRun/${name}`]);
    expect(conditionsOf({})).toEqual({
      Complete: "False WaitingForCapacity",
      Failed: "False NotFailed",
      Reconciling: "True WaitingForCapacity",
      Stalled: "False Progressing",
    });
  });

  it("does not remember a Job that it has not seen", () => {
    expect(statusIn<TuningRunStatus>(plan()).jobName).toBeUndefined();
    expect(statusIn<TuningRunStatus>(plan({ job: job() })).jobName).toBe(name);
  });
});

describe("a run whose Job is there", () => {
  it.each([
    ["has no pod yet", { job: job() }, "the Job's pod"],
    ["finds no room", { job: job(), pod: pod(statuses.noRoom) }, "Insufficient cpu"],
    ["has its container made", { job: job(), pod: pod(statuses.creating("tuner")) }, "its container is starting"],
    ["waits for an image that may still come", { job: job(), pod: pod(statuses.imageNotFound("tuner", "t:1")) }, "t:1"],
  ])("waits while it %s, and looks again", (_, changes, words) => {
    expect(conditionsOf(changes)).toMatchObject({ Complete: "False WaitingForCapacity", Failed: "False NotFailed" });
    expect(statusIn<TuningRunStatus>(plan(changes)).message?.toLowerCase()).toContain(words.toLowerCase());
    expect(plan(changes).requeueAfter).toBe(10_000);
  });

  it("runs, and says where and since when", () => {
    const changes = { job: job(), pod: pod(statuses.tunerRuns) };
    expect(conditionsOf(changes)).toMatchObject({ Complete: "False Running", Reconciling: "True Running" });
    expect(statusIn(plan(changes))).toMatchObject({ nodeName: "node1", startedAt: "2026-03-14T09:29:02Z" });
    expect(actionsOf(plan(changes), "RecordEvent").map(({ reason }) => reason)).toEqual(["Running"]);
  });
});

describe("a run for one kind of node", () => {
  const nodeClass = { "node.kubernetes.io/instance-type": "m7a.large" };
  const asking = { ...run, spec: { ...run.spec, nodeClass, nodeSelector: { disk: "ssd" } } };
  const seen = (changes: Partial<ObservedRun>) => planRun(observedRun(asking, changes));

  it("sends its Job there, within the selector of its target", () => {
    expect(actionsOf(seen({}), "Create")[0]?.manifest).toMatchObject({
      spec: { template: { spec: { nodeSelector: { ...nodeClass, disk: "ssd" } } } },
    });
  });

  it("fails where no node is of that kind any more", () => {
    const status = statusIn<TuningRunStatus>(seen({ job: job(), pod: pod(statuses.noSuchNode), matchingNodes: 0 }));
    expect(status.message).toContain("node.kubernetes.io/instance-type=m7a.large,disk=ssd");
  });

  it("notes what kind it measured, and keeps the note when the node goes away", () => {
    const status = statusIn<TuningRunStatus>(seen({ job: job(), pod: pod(statuses.tunerRuns), nodeClass }));
    expect(status.nodeClass).toEqual(nodeClass);
    const later = observedRun({ ...asking, status }, { ...done, report: storedResult(asking), nodeClass: undefined });
    expect(statusIn<TuningRunStatus>(planRun(later)).nodeClass).toEqual(nodeClass);
  });
});

describe("a run that ended", () => {
  it("stores its report before it is complete", () => {
    expect(inWords(plan(done))).toEqual([`StoreResult ${name}`]);
    expect(actionsOf(plan(done), "StoreResult")[0]).toMatchObject({
      reportDigest: resultOf().reportDigest,
      recipeDigest: resultOf().recipeDigest,
      planDigest: resultOf().planDigest,
    });
  });

  it("is complete once its report is stored, and says where it is and how large", () => {
    const report = storedResult(run);
    const changes = { ...done, report };
    expect(conditionsOf(changes)).toEqual({
      Complete: "True Succeeded",
      Failed: "False NotFailed",
      Reconciling: "False Finished",
      Stalled: "False Progressing",
    });
    const gzip = Buffer.from(report.binaryData?.[reportKeys.report] ?? "", "base64");
    expect(statusIn<TuningRunStatus>(plan(changes))).toMatchObject({
      result: { winner: resultOf().winner, feasible: true, planDigest: resultOf().planDigest },
      report: { configMap: reportName(name), bytes: gzip.length, digest: resultOf().reportDigest },
      finishedAt: ago(0),
    });
  });

  it("knows the size of its report also from a cache that has dropped it", () => {
    const report = storedResult(run);
    const trimmed = { ...report, binaryData: {} };
    const bytes = (changes: Partial<ObservedRun>) =>
      statusIn<TuningRunStatus>(plan({ ...done, ...changes })).report?.bytes;
    expect(bytes({ report: trimmed })).toBe(bytes({ report }));
    expect(bytes({ report: trimmed })).toBeGreaterThan(1000);
  });

  it("says that a target cannot be met, and how near it comes", () => {
    const message = writeTuningResult(resultOf({ feasible: false, bestReachableMilliseconds: 1234.5 }));
    const changes = { ...ended(message), report: storedResult(run) };
    expect(conditionsOf(changes)).toMatchObject({ Complete: "True Infeasible", Failed: "False NotFailed" });
    expect(statusIn<TuningRunStatus>(plan(changes)).message).toContain("the best reachable is 1235 ms");
  });
});

const failures: readonly [string, string, Partial<ObservedRun>][] = [
  [
    "an image that does not come",
    "ImageCannotBePulled",
    { job: job(), pod: pod(statuses.imageBackOff("tuner", "t:1"), 31) },
  ],
  [
    "a model image that does not come",
    "ImageCannotBePulled",
    { job: job(), pod: pod(statuses.imageBackOff("tuner", "m:1"), 31) },
  ],
  ["a volume that cannot be mounted", "TuningFailed", { job: job(), pod: pod(statuses.noConfigMap("tuner"), 31) }],
  [
    "a model that cannot be fetched",
    "SourceCannotBeFetched",
    { job: job(), pod: pod({ ...statuses.cannotFetch("There is no https://host/model.onnx."), phase: "Failed" }) },
  ],
  ["no node of its labels", "NoMatchingNode", { job: job(), pod: pod(statuses.noSuchNode), matchingNodes: 0 }],
  ["no claim of its model's name", "ClaimNotFound", { job: job(), pod: pod(statuses.noClaim) }],
  ["a tuner that says why it failed", "TuningFailed", ended(writeTuningResult(failedResult), 3)],
  ["a result that is no JSON", "ReportInvalid", ended("Segmentation fault", 1)],
  ["a result of another kind", "ReportInvalid", ended('{"kind":"TuningReport"}')],
  ["a result that is too long", "ReportInvalid", ended("x".repeat(5000))],
  ["no result", "ReportInvalid", ended("", 1)],
  [
    "a log without its report",
    "ReportInvalid",
    { ...done, report: { metadata: { name: reportName(name) }, data: { problem: "The log holds no report." } } },
  ],
  ["no memory left", "JobKilled", { job: job(), pod: pod(statuses.outOfMemory) }],
  ["a signal", "JobKilled", ended("", 143)],
  ["an eviction", "JobKilled", { job: job(), pod: pod(statuses.evicted) }],
  ["a pod that was deleted", "JobKilled", { job: job({ conditions: [{ type: "Failed", status: "True" }] }) }],
  [
    "an answer that went with its pod",
    "JobKilled",
    { job: job({ conditions: [{ type: "Complete", status: "True" }] }) },
  ],
  ["the time that it may take at most", "DeadlineExceeded", { job: job(), pod: pod(statuses.pastDeadline) }],
];

const samples = { configMap: { name: "ocr-samples", key: "requests.jsonl" } };
const earlyFailures = [
  observedRun(runOf(infd({ "spec.model.uri": "ftp://models/ocr" }))),
  observedRun(runOf(infd({ "spec.workload": { samples } })), { samplesFound: false }),
];

describe("a run fails", () => {
  it.each(failures)("for %s: %s", (_, reason, changes) => {
    expect(conditionsOf(changes)).toEqual({
      Complete: "False Failed",
      Failed: `True ${reason}`,
      Reconciling: "False Finished",
      Stalled: "True Failed",
    });
    const made = plan(changes);
    expect(made.requeueAfter).toBeUndefined();
    expect(actionsOf(made, "RecordEvent")).toEqual([expect.objectContaining({ type: "Warning", reason })]);
    const { message } = statusIn<TuningRunStatus>(made);
    expect(message).toMatch(/[.…] (Check|Correct|Create|Raise|Read|When) .*\.$/);
    expect(message).not.toMatch(/undefined|NaN|\.\.|\{/);
  });

  it("when its Job was deleted, and makes no other", () => {
    const seen = { ...run, status: { jobName: name } };
    const made = planRun(observedRun(seen));
    expect(inWords(made)).toEqual([`ApplyStatus TuningRun/${name}`, "RecordEvent JobKilled"]);
  });

  it.each([
    ["it ran out of memory", statuses.outOfMemory],
    ["signal 15", statuses.tunerEnded({ exitCode: 143, reason: "Error" })],
    ["The node was low on resource: memory", statuses.evicted],
  ])("in the words of whoever ended its Job: %s", (words, status) => {
    expect(statusIn<TuningRunStatus>(plan({ job: job(), pod: pod(status) })).message).toContain(words);
  });

  it.each(earlyFailures)("at once and without a Job when the question cannot be asked (%#)", (observed) => {
    const made = planRun(observed);
    expect(inWords(made)).toEqual([
      `ApplyStatus TuningRun/${observed.run.metadata.name}`,
      expect.stringMatching(/^RecordEvent (SamplesNotFound|SourceNotSupported)$/),
    ]);
    expect(statusIn<TuningRunStatus>(made).message).toMatch(/ftp:|no key requests.jsonl in a ConfigMap ocr-samples/);
  });
});

describe("a finished run", () => {
  const finished = runOf(infd(), { progress: answered() });

  it("is left alone, whatever becomes of its Job and report", () => {
    expect(planRun(observedRun(finished))).toEqual({ actions: [] });
  });

  it("ends a Job that still measures for nobody", () => {
    expect(inWords(planRun(observedRun(finished, { job: job() })))).toEqual([`Delete Job/${name}`]);
    expect(planRun(observedRun(finished, { job: job({ active: 0 }) })).actions).toEqual([]);
  });

  it("keeps the pod that has ended for its log, even while the Job still counts it as active", () => {
    const ended = pod({ phase: "Succeeded" });
    expect(planRun(observedRun(finished, { job: job({ active: 1 }), pod: ended })).actions).toEqual([]);
  });
});

describe("the status of a run", () => {
  it.each([
    ["waits", { job: job(), pod: pod(statuses.noRoom) }],
    ["runs", { job: job(), pod: pod(statuses.tunerRuns) }],
  ])("stays byte for byte the same while it %s", (_, changes) => {
    const first = statusIn<TuningRunStatus>(plan(changes));
    const later = planRun(observedRun({ ...run, status: first }, { ...changes, now: now + 60_000 }));
    expect(statusIn(later)).toEqual(first);
    expect(inWords(later)).toEqual([`ApplyStatus TuningRun/${name}`]);
  });

  it("changes the time of a transition with the status of its condition", () => {
    const waiting = statusIn<TuningRunStatus>(plan({ job: job() }));
    const seen = { ...run, status: waiting };
    const over = planRun(observedRun(seen, { ...done, report: storedResult(run), now: now + 60_000 }));
    const times = Object.fromEntries(
      (statusIn<TuningRunStatus>(over).conditions ?? []).map(({ type, lastTransitionTime }) => [
        type,
        lastTransitionTime,
      ]),
    );
    expect(times).toEqual({ Complete: ago(-60), Failed: ago(0), Reconciling: ago(-60), Stalled: ago(0) });
  });
});

it("every reason of the table is given to some run, but for those that are known to be unused", () => {
  const observations = [
    {},
    { job: job(), pod: pod(statuses.tunerRuns) },
    { ...done, report: storedResult(run) },
    { ...ended(writeTuningResult(resultOf({ feasible: false }))), report: storedResult(run) },
    { equal: { kind: "Measures", run } as const },
    ...failures.map(([, , changes]) => changes),
  ];
  const given = new Set(
    [...observations.map(plan), ...earlyFailures.map(planRun)].flatMap((made) =>
      (statusIn<TuningRunStatus>(made).conditions ?? []).map(({ type, reason }) => `${type} ${reason}`),
    ),
  );
  const known = Object.entries(conditions.TuningRun).flatMap(([type, { reasons }]) =>
    Object.keys(reasons).map((reason) => `${type} ${reason}`),
  );
  // What is wrong with a model file the tuner says in words of its own, under TuningFailed.
  expect(known.filter((reason) => !given.has(reason))).toEqual(["Failed ModelFileBroken", "Failed DigestMismatch"]);
  expect([...given].filter((reason) => !known.includes(reason))).toEqual([]);
});

describe("a run that asks what another one has asked", () => {
  const other = runOf(infd({ "metadata.name": "other" }), { progress: answered() });
  const measuring = { ...other, status: { jobName: other.metadata.name } };

  it("waits for it without a Job, and says for which", () => {
    const changes: Partial<ObservedRun> = { equal: { kind: "Measures", run: measuring } };
    expect(inWords(plan(changes))).toEqual([`ApplyStatus TuningRun/${name}`]);
    expect(conditionsOf(changes)).toEqual({
      Complete: "False WaitingForEqual",
      Failed: "False NotFailed",
      Reconciling: "True WaitingForEqual",
      Stalled: "False Progressing",
    });
    expect(statusIn<TuningRunStatus>(plan(changes)).message).toContain(other.metadata.name);
    expect(plan({ equal: { kind: "Measures", run: other, milliseconds: 700 } }).requeueAfter).toBe(700);
  });

  it("keeps a copy of the report first, and then says whose answer it is", () => {
    const equal = { kind: "Answered", run: other } as const;
    expect(inWords(plan({ equal }))).toEqual([`TakeAnswer ${other.metadata.name}`]);
    const stored = storedResult(run);
    const copy = { ...stored, data: { ...stored.data, [reportKeys.from]: other.metadata.name } };
    const taken = statusIn<TuningRunStatus>(plan({ equal, report: copy }));
    expect(TuningRunStatus.parse(taken)).toEqual(taken);
    expect(taken).toMatchObject({ answerFrom: other.metadata.name, result: other.status?.result });
    expect(taken.report?.configMap).toBe(reportName(name));
    expect(conditionsOf({ equal, report: copy })).toMatchObject({ Complete: "True Succeeded" });
    expect(taken.jobName).toBeUndefined();
  });

  it("takes no copy for its own answer once it has measured itself", () => {
    const stored = storedResult(run);
    const copy = { ...stored, data: { ...stored.data, [reportKeys.from]: "gone" } };
    expect(inWords(plan({ ...done, report: copy }))).toEqual([`StoreResult ${name}`]);
  });
});

it("a run whose Job the API server will not have waits, and says why", () => {
  const refused = { refusal: 'exceeded quota "jobs"' };
  expect(inWords(plan(refused))).toEqual([`ApplyStatus TuningRun/${name}`]);
  expect(statusIn<TuningRunStatus>(plan(refused)).message).toContain('exceeded quota "jobs"');
});
