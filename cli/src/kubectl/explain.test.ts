import { InferenceDeployment } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import { describe, expect, it } from "vitest";
import { explain } from "./explain-command.ts";
import { ago } from "./words.ts";

const at = "2026-03-14T09:00:00Z";
const now = Date.parse(at) + 90_000;

const withTarget = (target: object) =>
  InferenceDeployment.parse(
    changed(minimal.InferenceDeployment, { status: { targets: [{ name: "x64", ...target }] } }),
  );

describe("explain", () => {
  it("has nothing to say of a deployment that nobody has looked at", () => {
    expect(explain(InferenceDeployment.parse(minimal.InferenceDeployment), now)).toEqual([]);
  });

  it("tells the cause with its figures, what is done about it, and when at the earliest", () => {
    const diagnosis = {
      ...{ cause: "CostDrift", since: at, message: "Engines take longer.", response: "Waiting", action: "Benchmark" },
      ...{ evidence: [{ name: "costRatio", value: 1.6 }], until: "2026-03-14T10:00:00Z" },
    };
    const answer = explain(withTarget({ diagnosis }), now).find(({ question }) => /keeps it from/.test(question));
    expect(answer).toEqual({
      target: "x64",
      question: "What keeps it from its promise?",
      sentences: [
        "CostDrift, for 90s: Engines take longer.",
        "Evidence: costRatio 1.6.",
        "Response: Waiting, Benchmark, not before 2026-03-14T10:00:00Z.",
      ],
    });
  });

  it("tells how many replicas there are where the operator chooses them", () => {
    const autoscaling = { replicas: 3, reason: "AtMaximum", message: "It takes 4.", since: at };
    const deployment = InferenceDeployment.parse(changed(minimal.InferenceDeployment, { status: { autoscaling } }));
    expect(explain(deployment, now)).toEqual([
      { target: null, question: "How many replicas, and why?", sentences: ["3 for 90s, AtMaximum: It takes 4."] },
    ]);
  });
});

describe("how long ago something was", () => {
  it.each([
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [7199, "119m"],
    [7200, "2h"],
    [200_000, "2d"],
  ])("%i seconds are %s", (seconds, words) => {
    expect(ago(at, Date.parse(at) + 1000 * seconds)).toBe(words);
  });
});
