import { InferenceDeploymentSpec, type Target } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { questionOf } from "../specs/tuning-question.ts";
import { infd } from "../testing/objects.ts";
import { answered, runOf, storedResult } from "../testing/runs.ts";
import { answersFor } from "./answer.ts";

describe("the answers of a target", () => {
  it("begin with the last attempt, also where two ended within a second", () => {
    const deployment = infd();
    const spec = InferenceDeploymentSpec.parse(deployment.spec);
    const question = questionOf(deployment.metadata.name, spec, spec.targets[0] as Target);
    const runs = [1, 2, 3].map((attempt) => runOf(deployment, { attempt, progress: answered() }));
    const results = new Map(runs.map((run) => [run.metadata.name, storedResult(run)]));
    for (const listed of [runs, runs.toReversed()]) {
      const answers = answersFor(question, { runs: listed, results });
      expect(answers.map(({ run }) => run.spec.attempt)).toEqual([3, 2, 1]);
    }
  });
});
