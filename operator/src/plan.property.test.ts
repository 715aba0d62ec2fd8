import { InferenceDeploymentStatus, TuningRunStatus } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observed } from "./inference-deployment/observed.ts";
import { planDeployment } from "./inference-deployment/plan.ts";
import { anyObserved, anyObservedRun } from "./testing/arbitrary.ts";
import { actionsOf, afterwards, inWords, statusIn } from "./testing/observations.ts";
import { isFinished } from "./tuning-run/observed.ts";
import { planRun } from "./tuning-run/plan.ts";

const unfinished = ({ targets }: Observed): string[] =>
  targets.flatMap(({ runs }) => runs.filter((run) => !isFinished(run)).map(({ metadata }) => metadata.name));
const questionOf = (run: string): string => run.replace(/-\d+$/, "");

describe("the plan for any InferenceDeployment", () => {
  it("has a status that keeps the contract", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        const status = InferenceDeploymentStatus.parse(statusIn(planDeployment(observed)));
        expect(status.conditions).toHaveLength(10);
        for (const { message } of status.conditions ?? []) expect(message).not.toMatch(/undefined|NaN/);
      }),
      { numRuns: 300 },
    );
  });

  it("is the same for the same observation", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        expect(planDeployment(observed)).toEqual(planDeployment(structuredClone(observed)));
      }),
      { numRuns: 100 },
    );
  });

  it("leads to at most one unfinished run per question, and never to a run that is there already", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        const plan = planDeployment(observed);
        const made = actionsOf(plan, "Create").map(({ manifest }) => manifest.metadata.name);
        const known = observed.targets.flatMap(({ runs }) => runs.map(({ metadata }) => metadata.name));
        expect(known).not.toEqual(expect.arrayContaining(made.length > 0 ? made : ["-"]));
        const questions = unfinished(afterwards(observed, plan)).map(questionOf);
        expect(new Set(questions).size).toBe(questions.length);
      }),
      { numRuns: 300 },
    );
  });

  it("comes to rest: after three rounds without news nothing is done but what is done already", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        let world = observed;
        for (let round = 0; round < 3; round++) world = afterwards(world, planDeployment(world));
        const plan = planDeployment(world);
        expect(inWords(plan).filter((word) => !/^Apply(Status)? /.test(word))).toEqual([]);
        expect(statusIn(plan)).toEqual(world.infd.status);
      }),
      { numRuns: 300 },
    );
  });

  it("never deletes what it makes, and makes pods only up to what is wanted", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        const plan = planDeployment(observed);
        const made = new Set(actionsOf(plan, "Create").map(({ manifest }) => manifest.metadata.name));
        expect(actionsOf(plan, "Delete").filter(({ object }) => made.has(object.metadata.name))).toEqual([]);
        const replicas = actionsOf(plan, "Apply").map(
          ({ manifest }) => (manifest as { spec?: { replicas?: number } }).spec?.replicas ?? 0,
        );
        const { autoscaling, replicas: fixed } = observed.spec;
        const most = fixed > 0 ? (autoscaling?.maxReplicas ?? fixed) : 0;
        expect(replicas.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(most);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the plan for any TuningRun", () => {
  it("has a status that keeps the contract, or stores the result first", () => {
    fc.assert(
      fc.property(anyObservedRun, (observed) => {
        const plan = planRun(observed);
        expect(planRun(structuredClone(observed))).toEqual(plan);
        expect(actionsOf(plan, "StoreResult").length * plan.actions.length).toBeLessThanOrEqual(1);
        if (actionsOf(plan, "StoreResult").length > 0) return;
        const status = TuningRunStatus.parse(statusIn(plan));
        expect(status.conditions).toHaveLength(4);
        const over = (status.conditions ?? []).filter(
          ({ type, status: value }) => value === "True" && /^(Complete|Failed)$/.test(type),
        );
        expect(over.length).toBe(status.finishedAt === undefined ? 0 : 1);
        expect(status.result === undefined).toBe(over[0]?.type !== "Complete");
      }),
      { numRuns: 300 },
    );
  });

  it("makes a Job only where there is none, and never again for a run that had one", () => {
    fc.assert(
      fc.property(anyObservedRun, (observed) => {
        const made = actionsOf(planRun(observed), "Create").length;
        if (observed.job !== undefined || observed.run.status?.jobName !== undefined) expect(made).toBe(0);
        else expect(made).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });
});
