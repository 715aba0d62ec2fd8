import { describe, expect, it } from "vitest";
import { annotationKeys, requestKeys } from "../../specs/names.ts";
import { LoopWorld, steady, type Traffic } from "../../testing/loop-world.ts";

const amd = { "kubernetes.io/arch": "amd64" };
const arm = { "kubernetes.io/arch": "arm64" };
const graviton = { model: "ARM implementer 0x41 part 0xd40", architecture: "arm64" };
const onGraviton: Traffic = { ...steady, cpu: graviton };
const baseline = 400;
const watched = (changes = {}, options = {}) => new LoopWorld(changes, options).pass(baseline);
const planTold = (world: LoopWorld) => world.annotations[annotationKeys.plan];

describe("nodes that were given other labels", () => {
  it("make the result stale, and are measured in its place; the plan serves on, because the CPU is the same", () => {
    const world = watched();
    const before = planTold(world);
    expect(world.condition("NodeClassConfirmed")).toBe("Confirmed");
    world.relabel(arm).pass(60);
    expect(world.condition("NodeClassConfirmed")).toBe("NodeClassChanged");
    expect(world.target.diagnosis).toMatchObject({
      cause: "NodeClassChanged",
      response: "Acting",
      action: "Benchmark",
    });
    expect(world.asked).toEqual([expect.objectContaining({ trigger: "Drift", attempt: 2, nodeClass: arm })]);
    expect(world.target.nodeClass).toEqual(amd);
    expect(planTold(world)).toBe(before);
  });

  it("are served by what was measured on them, without a trial beside a plan for others", () => {
    const world = watched({}, { trials: true }).relabel(arm).pass(60).measure(2, {}, { nodeClass: arm }).pass(60);
    expect(world.condition("NodeClassConfirmed")).toBe("Confirmed");
    expect(world.target).toMatchObject({ nodeClass: arm, planRevision: expect.stringMatching(/-2$/) });
    expect(world.target.diagnosis).toBeUndefined();
    expect(world.target.revisions?.map(({ outcome }) => outcome)).toEqual(["Superseded", "Serving"]);
  });

  it("are measured as often as the day's budget has it, and no more", () => {
    const settings = { "spec.retuning": { coolDownSeconds: 60, dailyBenchmarks: 1 } };
    const world = watched(settings).relabel(arm).pass(60).measure(2, settings, { nodeClass: arm }).pass(300);
    world.relabel(amd).pass(600);
    expect(world.made).toEqual(["TuningRun"]);
    expect(world.target.diagnosis).toMatchObject({ cause: "NodeClassChanged", response: "Waiting" });
  });

  it("are only spoken of under mode Recommend", () => {
    const world = watched({ "spec.retuning": { mode: "Recommend" } })
      .relabel(arm)
      .pass(120);
    expect(world.made).toEqual([]);
    expect(world.target.diagnosis).toMatchObject({ response: "Recommended", action: "Benchmark" });
  });

  it("are none where a label is only new, and are forgotten when they were for a moment", () => {
    const world = watched()
      .relabel({ ...amd, "node.kubernetes.io/instance-type": "m7a.large" })
      .pass(120);
    expect(world.condition("NodeClassConfirmed")).toBe("Confirmed");
    world.relabel(arm).pass(10).relabel(amd).pass(120);
    expect(world.made).toEqual([]);
  });
});

describe("a pod on another CPU", () => {
  it("serves the model as it is until that CPU was measured, because a quantized one was checked on another", () => {
    const world = watched().pass(60, onGraviton);
    expect(planTold(world)).toBe("safe");
    expect(world.condition("ConfigurationApplied")).toBe("Applied");
    expect(world.target.appliedReplicas).toBe(0);
    expect(world.made).toEqual(["TuningRun"]);
    world.measure(2, {}, { cpu: graviton }).pass(60, onGraviton);
    expect(world.running.revision).toMatch(/-2$/);
    expect(world.target.appliedReplicas).toBe(1);
    expect(world.condition("NodeClassConfirmed")).toBe("Confirmed");
  });

  it.each([
    ["quality is not checked", { "spec.quality": { mode: "Unchecked" } }, {}],
    ["a person pinned the plan", {}, { pin: true }],
  ])("serves the plan all the same where %s", (_, changes, { pin = false }: { pin?: boolean }) => {
    const world = watched(changes);
    if (pin) world.annotate({ [requestKeys.pin]: world.running.revision });
    const before = planTold(world);
    world.pass(60, onGraviton);
    expect(planTold(world)).toBe(before);
    expect(world.condition("NodeClassConfirmed")).toBe("NodeClassChanged");
  });

  it("counts for the promise all the same", () => {
    const world = watched().pass(600, { ...onGraviton, bad: () => 0.2 });
    expect(planTold(world)).toBe("safe");
    expect(world.condition("ServiceLevelMet")).toBe("Breached");
  });
});
