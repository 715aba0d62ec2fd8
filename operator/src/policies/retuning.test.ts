import { RetuningState } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Diagnosis, Remedy } from "./diagnosis/observation.ts";
import { decideRetuning, defaultRetuning, initialRetuning, type RetuningSituation } from "./retuning.ts";
import { monday } from "./testing/observations.ts";

const minute = 60_000;
const start = monday * 1000;
const found = (cause: Diagnosis["cause"], remedy: Remedy): Diagnosis => ({
  cause,
  holds: true,
  evidence: {},
  sentence: "",
  remedy,
});
const costDrift = found("CostDrift", { kind: "Replan" });
const workloadDrift = found("WorkloadDrift", { kind: "Replan" });
const badRevision = found("BadRevision", { kind: "RollBack", revision: "r1" });
const overload = found("Load", { kind: "Scale", replicas: 4 });

const situation = (changes: Partial<RetuningSituation> = {}): RetuningSituation => ({
  level: { state: "Breached", urgent: false },
  cause: costDrift,
  generation: 1,
  revision: "r2",
  jobs: { fleet: 0, node: 0 },
  ...changes,
});

/** A loop that remembers, and tells what it decided as words. */
function loop(settings = defaultRetuning) {
  let state = initialRetuning(1);
  return (now: number, changes: Partial<RetuningSituation> = {}): string => {
    const decision = decideRetuning(state, situation(changes), settings, now);
    state = RetuningState.parse(decision.state);
    return decision.kind === "Hold" ? decision.reason : `${decision.kind} ${decision.action}`;
  };
}

describe("what is done about a cause", () => {
  it("is done once it has held for a while, and then not again until the cool-down is over", () => {
    const decide = loop();
    expect(decide(start)).toBe("Settling");
    expect(decide(start + 20_000)).toBe("Act Replan");
    expect(decide(start + 30_000)).toBe("Settling");
    expect(decide(start + 5 * minute)).toBe("CoolDown");
    expect(decide(start + 11 * minute)).toMatch(/^Act/);
  });

  it("waits for nothing when the breach is urgent", () => {
    expect(loop()(start, { level: { state: "Breached", urgent: true } })).toBe("Act Replan");
  });

  it("starts to settle anew when the cause changed or went away", () => {
    const decide = loop();
    decide(start);
    expect(decide(start + 10_000, { cause: workloadDrift })).toBe("Settling");
    expect(decide(start + 20_000, { cause: null, level: { state: "Unknown", urgent: false } })).toBe("NothingToDo");
    expect(decide(start + 25_000, { cause: workloadDrift })).toBe("Settling");
    expect(decide(start + 45_000, { cause: workloadDrift })).toBe("Act Replan");
  });

  it("is a benchmark only when a replan for the same drift of cost did not help", () => {
    const decide = loop();
    const urgent = { level: { state: "Breached", urgent: true } } as const;
    const acts: string[] = [];
    for (let at = 0; at < 3 * 60; at += 1) {
      const said = decide(start + at * minute, urgent);
      if (said.startsWith("Act")) acts.push(`${at} ${said}`);
    }
    expect(acts).toEqual(["0 Act Replan", "10 Act Replan", "30 Act Benchmark", "70 Act Benchmark"]);
  });

  it("is a benchmark at once where there is no table for the nodes, as often as the day's budget has it", () => {
    const changed = found("NodeClassChanged", { kind: "Benchmark" });
    const decide = loop();
    const level = { state: "Met", urgent: false } as const;
    const said = Array.from({ length: 600 }, (_, i) => decide(start + i * minute, { cause: changed, level }));
    expect(said[1]).toBe("Act Benchmark");
    expect(said.filter((one) => one.startsWith("Act"))).toEqual(["Act Benchmark", "Act Benchmark"]);
    expect(said.at(-1)).toBe("BudgetSpent");
  });

  it("is never a benchmark for load, and nothing but words", () => {
    const decide = loop();
    const said = Array.from({ length: 600 }, (_, i) => decide(start + i * minute, { cause: overload }));
    expect(new Set(said)).toEqual(new Set(["Settling", "Tell null"]));
  });

  it("is a rollback at once, in the cool-down and with the budget spent, but once per revision", () => {
    const decide = loop({ ...defaultRetuning, dailyReplans: 1 });
    const urgent = { level: { state: "Breached", urgent: true } } as const;
    decide(start, urgent);
    expect(decide(start + 1000, { ...urgent, cause: badRevision, revision: "r3" })).toBe("Act RollBack");
    expect(decide(start + 2000, { ...urgent, cause: badRevision, revision: "r3" })).toBe("AlreadyRolledBack");
    expect(decide(start + 3000, { ...urgent, cause: badRevision, revision: "r4" })).toBe("Act RollBack");
  });
});

describe("the limits", () => {
  it("a change of the spec ends cool-down and back-off, and gives no new budget", () => {
    const decide = loop({ ...defaultRetuning, dailyReplans: 2 });
    const urgent = { level: { state: "Breached", urgent: true } } as const;
    expect(decide(start, urgent)).toBe("Act Replan");
    expect(decide(start + 1000, urgent)).toBe("CoolDown");
    expect(decide(start + 2000, { ...urgent, generation: 2 })).toBe("Act Replan");
    expect(decide(start + 3000, { ...urgent, generation: 3 })).toBe("BudgetSpent");
    expect(decide(start + 1441 * minute, { ...urgent, generation: 3 })).toBe("Act Replan");
  });

  it("success ends the back-off", () => {
    const decide = loop();
    const urgent = { level: { state: "Breached", urgent: true } } as const;
    decide(start, urgent);
    decide(start + 10 * minute, urgent);
    decide(start + 12 * minute, { cause: null, level: { state: "Met", urgent: false } });
    expect(decide(start + 20 * minute, urgent)).toBe("Act Replan");
  });

  it("Jobs beside production are capped, in the cluster and on the node", () => {
    const decide = loop();
    const urgent = { level: { state: "Breached", urgent: true } } as const;
    decide(start, urgent);
    decide(start + 10 * minute, urgent);
    expect(decide(start + 40 * minute, { ...urgent, jobs: { fleet: 1, node: 1 } })).toBe("JobsAtTheirLimit");
    expect(decide(start + 41 * minute, { ...urgent, jobs: { fleet: 4, node: 0 } })).toBe("JobsAtTheirLimit");
    expect(decide(start + 42 * minute, { ...urgent, jobs: { fleet: 3, node: 0 } })).toBe("Act Benchmark");
  });

  it("Recommend says what it would do and Off says nothing", () => {
    const recommend = loop({ ...defaultRetuning, mode: "Recommend" });
    recommend(start);
    expect(recommend(start + minute)).toBe("Tell Replan");
    expect(recommend(start + 2 * minute)).toBe("Tell Replan");
    expect(loop({ ...defaultRetuning, mode: "Off" })(start)).toBe("Off");
  });

  it("hold whatever happens: never more than the budget in any day, never sooner than the cool-down, a state that fits", () => {
    const causes = [costDrift, workloadDrift, badRevision, overload, null];
    const look = fc.record({
      after: fc.integer({ min: 1, max: 3600 }),
      cause: fc.constantFrom(...causes),
      state: fc.constantFrom("Breached" as const, "Met" as const, "Unknown" as const),
      urgent: fc.boolean(),
      generation: fc.integer({ min: 1, max: 3 }),
      revision: fc.constantFrom("r1", "r2", "r3", null),
    });
    fc.assert(
      fc.property(fc.array(look, { minLength: 50, maxLength: 200 }), (looks) => {
        let state = initialRetuning(1);
        let now = start;
        const acts: { at: number; action: string; generation: number }[] = [];
        for (const { after, state: level, urgent, ...rest } of looks) {
          now += after * 1000;
          const decision = decideRetuning(
            state,
            situation({ ...rest, level: { state: level, urgent } }),
            defaultRetuning,
            now,
          );
          state = RetuningState.parse(decision.state);
          if (decision.kind === "Act") acts.push({ at: now, action: decision.action, generation: rest.generation });
        }
        for (const { at } of acts) {
          const day = acts.filter((one) => one.at > at - 86_400_000 && one.at <= at);
          expect(day.filter(({ action }) => action === "Replan").length).toBeLessThanOrEqual(12);
          expect(day.filter(({ action }) => action === "Benchmark").length).toBeLessThanOrEqual(2);
        }
        acts.slice(1).forEach((act, i) => {
          const before = acts[i] as (typeof acts)[0];
          if (act.action === "RollBack" || before.generation !== act.generation) return;
          expect(act.at - before.at).toBeGreaterThanOrEqual(600_000);
        });
      }),
    );
  });
});
