import { describe, expect, it } from "vitest";
import { requestKeys } from "../../specs/names.ts";
import { LoopWorld, steady, type Traffic } from "../../testing/loop-world.ts";

const baseline = 400;
const missed: Traffic = { ...steady, bad: () => 0.2 };
const revisionsOf = (world: LoopWorld) =>
  world.target.revisions?.map(({ origin, outcome }) => `${origin} ${outcome}`) ?? [];
const eventsOf = (world: LoopWorld) => world.events.map((event) => event.split(":")[0]);
const watched = (changes = {}) => new LoopWorld(changes).pass(baseline);

describe("steady traffic that keeps the promise", () => {
  it("is written down once, and then nothing is written any more", () => {
    const world = watched().pass(900);
    expect(world.condition("ServiceLevelMet")).toBe("Kept");
    expect(world.target.diagnosis).toBeUndefined();
    expect(world.writes.filter((second) => second > 600)).toEqual([]);
    expect(world.writes.length).toBeLessThan(10);
    expect(revisionsOf(world)).toEqual(["Tuning Serving"]);
    expect(world.target.tunedConcurrency).toBeGreaterThan(0);
  });
});

describe("no traffic", () => {
  it("is no breach, and no reason to do anything", () => {
    const world = watched().pass(1200, { ...steady, requestsPerSecond: 0 });
    expect(world.condition("ServiceLevelMet")).not.toBe("Breached");
    expect(world.target.diagnosis).toBeUndefined();
    expect(world.searches).toBe(0);
  });
});

describe("more requests than were measured to fit", () => {
  const overloaded: Traffic = { ...missed, requestsPerSecond: 900 };

  it("are called load, answered with advice, and not with a search or a benchmark", () => {
    const world = watched().pass(900, overloaded);
    expect(world.condition("ServiceLevelMet")).toBe("Breached");
    expect(world.target.diagnosis).toMatchObject({ cause: "Load", response: "Advised" });
    expect(world.target.diagnosis?.message).toMatch(/Raise spec\.replicas to 4/);
    expect(world.made).toEqual([]);
    expect(world.searches).toBe(0);
    expect(eventsOf(world).filter((reason) => reason === "Load")).toHaveLength(1);
  });

  it("are written once while they last", () => {
    const world = watched().pass(200, overloaded);
    const before = world.writes.length;
    world.pass(600, overloaded);
    expect(world.writes.length - before).toBeLessThanOrEqual(1);
  });
});

describe("engines that became slower", () => {
  const slow: Traffic = { ...steady, costRatio: 2 };

  it("are planned for on a corrected table, before the target is missed", () => {
    const world = watched();
    const before = world.running;
    world.pass(300, slow);
    expect(world.fittedBy).toHaveLength(1);
    expect(eventsOf(world)).toEqual(expect.arrayContaining(["CostDrift", "Promoted"]));
    expect(revisionsOf(world)).toEqual(["Tuning Superseded", "Replan Serving"]);
    // Nobody measured how many requests are under way with it.
    expect(world.target.tunedConcurrency).toBeUndefined();
    const after = world.running;
    expect(after.revision).toMatch(/^replan-/);
    const single = (plan: typeof after) => plan.costTable?.cells.find(({ rows }) => rows === 1)?.microseconds ?? 0;
    expect(single(after) / single(before)).toBeCloseTo(2, 1);
    expect(after.artifact).toEqual(before.artifact);
    expect(world.made).toEqual([]);
  });

  it("are measured anew when planning did not help, within the day's budget", () => {
    const bad: Traffic = { ...slow, bad: () => 0.2 };
    const settings = { "spec.retuning": { coolDownSeconds: 60, dailyBenchmarks: 1 } };
    const world = new LoopWorld(settings, { tables: false }).pass(baseline).pass(600, bad);
    expect(world.searches).toBe(2);
    expect(world.made).toEqual(["TuningRun"]);
    expect(world.target.diagnosis).toMatchObject({ cause: "CostDrift", response: "Acting", action: "Benchmark" });
    world.pass(600, bad);
    expect(world.made).toEqual(["TuningRun"]);
  });
});

describe("traffic that became another", () => {
  const longer: Traffic = { ...missed, length: 128 };

  it("is planned for in the tables, and the plan goes to the pod that serves", () => {
    const world = watched().pass(300, longer);
    expect(eventsOf(world)).toContain("WorkloadDrift");
    expect(world.searches).toBe(1);
    expect(world.made).toEqual([]);
  });

  it("is only told of under Recommend, and not even that is done under Disabled", () => {
    for (const [mode, response] of [
      ["Recommend", "Recommended"],
      ["Disabled", "Disabled"],
    ]) {
      const world = watched({ "spec.retuning": { mode } }).pass(300, longer);
      expect(world.target.diagnosis).toMatchObject({ cause: "WorkloadDrift", response });
      expect(world.searches).toBe(0);
      expect(revisionsOf(world)).toEqual(["Tuning Serving"]);
    }
  });
});

describe("a target that requests exceed alone", () => {
  it("is called infeasible once, with the best reachable, and nothing is tried", () => {
    const world = watched().pass(600, { ...missed, length: 1024 });
    expect(world.condition("ServiceLevelMet")).toBe("Infeasible");
    expect(world.target.diagnosis).toMatchObject({ cause: "Infeasible", response: "Advised" });
    expect(world.searches + world.made.length).toBe(0);
    expect(eventsOf(world).filter((reason) => reason === "Infeasible").length).toBe(2);
  });
});

describe("a plan that makes it worse", () => {
  const drifted: Traffic = {
    ...steady,
    costRatio: 2,
    bad: (revision) => (revision.startsWith("replan-") ? 0.3 : 0.002),
  };

  it("is taken back by itself, said why, and not tried again", () => {
    const world = watched().pass(600, drifted);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan RolledBack"]);
    expect(eventsOf(world)).toEqual(expect.arrayContaining(["BadRevision", "RolledBack"]));
    expect(world.running.revision).not.toMatch(/^replan-/);
    const searches = world.searches;
    world.pass(1200, drifted);
    expect(revisionsOf(world).filter((text) => text === "Replan Serving")).toEqual([]);
    expect(world.searches - searches).toBeLessThanOrEqual(2);
  });

  it("is taken back as well when the operator was restarted in between, again and again", () => {
    const world = watched();
    for (let look = 0; look < 12; look++) world.restart().pass(50, drifted);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan RolledBack"]);
  });
});

describe("a person", () => {
  it("has the target measured again, once for each value of the annotation", () => {
    const world = watched()
      .annotate({ [requestKeys.retune]: "1" })
      .pass(60);
    expect(world.made).toEqual(["TuningRun"]);
    world.pass(60);
    expect(world.made).toEqual(["TuningRun"]);
  });

  it("promotes a plan that was taken back, once, and it is watched as any other", () => {
    const slow: Traffic = { ...steady, costRatio: 2 };
    const world = watched().pass(200, slow);
    const replanned = world.running.revision;
    world.annotate({ [requestKeys.rollback]: "a" }).pass(60, slow);
    expect(world.running.revision).not.toBe(replanned);
    world.annotate({ [requestKeys.promote]: replanned }).pass(10, slow);
    expect(world.running.revision).toBe(replanned);
    const badNow: Traffic = { ...slow, bad: (revision) => (revision === replanned ? 0.3 : 0.002) };
    world.pass(60, badNow);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan RolledBack"]);
    world.pass(60, slow);
    expect(world.running.revision).not.toBe(replanned);
  });

  it("promotes nothing that is not there", () => {
    const world = watched()
      .annotate({ [requestKeys.promote]: "nothing" })
      .pass(60);
    expect(revisionsOf(world)).toEqual(["Tuning Serving"]);
  });

  it("goes back to the plan before, and pins it against everything", () => {
    const slow: Traffic = { ...steady, costRatio: 2 };
    const world = watched().pass(200, slow);
    expect(world.running.revision).toMatch(/^replan-/);
    world.annotate({ [requestKeys.rollback]: "a" }).pass(10, slow);
    expect(revisionsOf(world)).toEqual(["Tuning Serving", "Replan RolledBack"]);
    const [, replanned] = world.target.revisions ?? [];
    world.annotate({ [requestKeys.pin]: replanned?.name ?? "" }).pass(10, slow);
    expect(world.running.revision).toBe(replanned?.name);
    world.pass(300, { ...slow, bad: () => 0.3 });
    expect(world.running.revision).toBe(replanned?.name);
    world.annotate({ [requestKeys.pin]: "" }).pass(10, slow);
    expect(world.running.revision).not.toBe(replanned?.name);
  });
});
