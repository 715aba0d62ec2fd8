import { describe, expect, it } from "vitest";
import { annotationKeys } from "../../specs/names.ts";
import { LoopWorld, steady, type Traffic } from "../../testing/loop-world.ts";

const isNew = (revision: string): boolean => revision.startsWith("replan-");
/** Other requests miss the target, and the tables know a better plan for them. */
const other: Traffic = { ...steady, length: 16, bad: (revision) => (isNew(revision) ? 0.002 : 0.2) };
const watched = () => new LoopWorld({}, { trials: true }).pass(400);
const revisionsOf = (world: LoopWorld) =>
  world.target.revisions?.map(({ origin, outcome }) => `${origin} ${outcome}`) ?? [];
const messageOf = (world: LoopWorld): string => world.target.revisions?.at(-1)?.message ?? "";
const better: Traffic = { ...other, latency: (revision) => (isNew(revision) ? 8 : 10) };

describe("a new measurement", () => {
  it("is tried when it answers the same question again", () => {
    const world = watched().measure(2).pass(10, other);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Tuning Trying"]);
  });

  it("takes its place at once when the spec has changed: the two do not want the same", () => {
    const world = watched().measure(1, { "spec.serviceLevel.latencyMilliseconds": 40 }).pass(10, other);
    expect(revisionsOf(world)).toEqual(["Tuning Superseded", "Tuning Serving"]);
  });
});

describe("a new plan", () => {
  it("is tried beside the one that serves, and takes its place when it was better", () => {
    const world = watched().pass(60, better);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan Trying"]);
    expect(world.target.diagnosis).toMatchObject({ cause: "WorkloadDrift", response: "Acting" });
    expect(world.running.revision).not.toMatch(/^replan-/);
    world.pass(300, better);
    expect(revisionsOf(world)).toEqual(["Tuning Superseded", "Replan Serving"]);
    expect(messageOf(world)).toMatch(/^It was better in \d+ pairs of blocks .*8\.00 ms on average against 10/);
    expect(world.running.revision).toMatch(/^replan-/);
    expect(world.events.some((event) => /^Promoted: .*It was better/.test(event))).toBe(true);
  });

  it("is refused when it was worse, and is not tried again", () => {
    const worse: Traffic = { ...other, latency: (revision) => (isNew(revision) ? 13 : 10) };
    const world = watched().pass(400, worse);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan Refused"]);
    expect(messageOf(world)).toMatch(/^It was worse/);
    world.pass(1300, worse);
    expect(world.searches).toBe(2);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan Refused"]);
  });

  it("is refused when a pod cannot serve it, with the pod's words", () => {
    const world = watched().pass(120, { ...other, trialFails: "The candidate has other inputs." });
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan Refused"]);
    expect(messageOf(world)).toMatch(/ocr-x64-a cannot serve it: The candidate has other inputs/);
  });

  it("is refused when it is not shown to be better within the trial's time", () => {
    const world = watched().pass(1700, other);
    expect(revisionsOf(world)[1]).toBe("Replan Refused");
    expect(messageOf(world)).toMatch(/^It was not shown to be better in 60 pairs/);
  });

  it("is told of again when the pod does not see it, less and less often", () => {
    const world = watched().pass(30, { ...other, deaf: true });
    const nonces = new Set<string>();
    for (let look = 0; look < 24; look++) {
      world.pass(5, { ...other, deaf: true });
      nonces.add(world.annotations[annotationKeys.nonce] ?? "");
    }
    expect(nonces.size).toBeGreaterThan(2);
    expect(nonces.size).toBeLessThan(8);
  });

  it("is tried to its end by an operator that was restarted again and again", () => {
    const world = watched();
    for (let restart = 0; restart < 8; restart++) world.restart().pass(50, better);
    expect(revisionsOf(world)).toEqual(["Tuning Superseded", "Replan Serving"]);
  });
});
