import { describe, expect, it } from "vitest";
import type { StoredTuningRun } from "../resources.ts";
import { infd, now } from "../testing/objects.ts";
import { answered, type RunOptions, runOf } from "../testing/runs.ts";
import { equalRunFor, profileKey } from "./equal-runs.ts";
import type { Progress } from "./progress.ts";

const failed: Progress = {
  kind: "Failed",
  failure: { type: "Failed", status: "True", reason: "TuningFailed", message: "It broke." },
};

/** A run that an InferenceDeployment of that name asks for. */
const runFor = (name: string, options: RunOptions = {}): StoredTuningRun =>
  runOf(infd({ "metadata.name": name }), options);

const mine = runFor("mine");
const first = runFor("first");
const equal = (others: readonly StoredTuningRun[], measuring?: StoredTuningRun, run = mine) =>
  equalRunFor(run, [run, ...others], (other) => other === measuring, now);

describe("the profile of a question", () => {
  it("is the same whoever asks, and another one for whatever changes the measurement", () => {
    expect(profileKey(first)).toBe(profileKey(mine));
    for (const changes of [
      { "spec.serviceLevel.latencyMilliseconds": 51 },
      { "spec.model.digest": `sha256:${"0".repeat(64)}` },
      { "spec.targets.0.resources.cpu": "2" },
      { "spec.targets.0.nodeSelector": { "kubernetes.io/arch": "arm64" } },
      { "spec.tuning.budgetSeconds": 61 },
      { "metadata.namespace": "elsewhere" },
    ]) {
      const asking = infd({ "metadata.name": "first", ...changes });
      const run = runOf(asking);
      const there = { ...run, metadata: { ...run.metadata, namespace: asking.metadata.namespace ?? "" } };
      expect([changes, profileKey(there)]).not.toEqual([changes, profileKey(mine)]);
    }
  });
});

describe("the profile of a run", () => {
  it("is another one for another kind of node, which is no part of the question", () => {
    const there = { ...mine, spec: { ...mine.spec, nodeClass: { "kubernetes.io/arch": "arm64" } } };
    expect(profileKey(there)).not.toBe(profileKey(mine));
  });
});

describe("of equal runs", () => {
  it("the one that nobody was before measures", () => {
    expect(equal([])).toEqual({ kind: "None" });
    expect(equal([first])).toEqual({ kind: "None" });
  });

  it("the others wait for it, from the moment it was told to", () => {
    expect(equal([first], first)).toEqual({ kind: "Measures", run: first });
  });

  it("the others take its answer over, the newest one that was measured", () => {
    const old = runFor("old", { progress: answered(), endedAgo: 600 });
    const fresh = runFor("fresh", { progress: answered(), endedAgo: 60 });
    const copy = runFor("copy", { progress: answered(), endedAgo: 1 });
    const copied = { ...copy, status: { ...copy.status, answerFrom: fresh.metadata.name } };
    expect(equal([old, fresh, copied])).toEqual({ kind: "Answered", run: fresh });
    expect(equal([copied])).toEqual({ kind: "None" });
  });

  it("the next one tries where it failed, later after each failure", () => {
    const justFailed = runFor("first", { progress: failed, endedAgo: 4 });
    const before = runFor("before", { progress: failed, endedAgo: 900 });
    expect(equal([justFailed])).toEqual({ kind: "Measures", run: justFailed, milliseconds: 6000 });
    expect(equal([justFailed, before])).toMatchObject({ milliseconds: 16_000 });
    expect(equal([before])).toEqual({ kind: "None" });
  });

  it("one that is asked for because the answer does not do measures again", () => {
    const done = runFor("first", { progress: answered() });
    expect(equal([done], undefined, runFor("mine", { attempt: 2, trigger: "Drift" }))).toEqual({ kind: "None" });
    const own = runFor("mine", { progress: answered() });
    expect(equal([own], undefined, runFor("mine", { attempt: 2, trigger: "Retry" }))).toEqual({ kind: "None" });
  });
});
