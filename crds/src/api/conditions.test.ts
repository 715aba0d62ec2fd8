import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Condition } from "./condition.ts";
import { type ConditionTable, conditions, explain } from "./conditions.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "api.md"), "utf8");

const rows = Object.entries(conditions).flatMap(([kind, types]) =>
  Object.entries(types as ConditionTable).flatMap(([type, { reasons }]) =>
    Object.entries(reasons).map(([name, reason]) => ({ kind, type, name, reason })),
  ),
);

describe("the table of conditions", () => {
  it("is the one in docs/api.md, both ways", () => {
    const sections = page.split(/^##+ /m).filter((section) => /^\w+ condition /.test(section));
    const documented = sections.flatMap((section) => {
      const [heading = ""] = section.split("\n");
      const [kind, type] = heading.split(" condition ");
      return Array.from(section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm), ([, name, status]) => [
        kind,
        type,
        name,
        status,
      ]);
    });
    expect(documented).toEqual(rows.map(({ kind, type, name, reason }) => [kind, type, name, reason.status]));
  });

  it.each(rows.map((row) => [`${row.kind} ${row.type} ${row.name}`, row] as const))(
    "%s is fit for a condition",
    (_, row) => {
      const { status, message } = row.reason;
      const lastTransitionTime = "2026-03-14T09:26:53Z";
      expect(Condition.parse({ type: row.type, status, reason: row.name, message, lastTransitionTime })).toBeDefined();
    },
  );

  it.each(
    rows
      .filter(({ reason }) => reason.action !== "")
      .map((row) => [`${row.kind} ${row.type} ${row.name}`, row] as const),
  )("%s says what to do in a sentence", (_, { reason }) => {
    expect(reason.action).toMatch(/^[A-Z].*\.$/s);
    expect(reason.message).toMatch(/[.}]$/);
  });

  it("says for every reason that needs a user what to do", () => {
    const silent = rows.filter(
      ({ type, reason }) => type === "Failed" && reason.status === "True" && reason.action === "",
    );
    expect(silent).toEqual([]);
  });
});

describe("the sentence of a reason", () => {
  it("names what happened and what to do", () => {
    expect(explain("TuningRun", "Failed", "NoMatchingNode", { selector: "disk=ssd" })).toEqual({
      type: "Failed",
      status: "True",
      reason: "NoMatchingNode",
      message: "No node carries the labels disk=ssd. Correct the nodeSelector, or label a node.",
    });
    expect(explain("InferenceDeployment", "Tuned", "NoMatchingNode", { selector: "disk=ssd" }).status).toBe("False");
  });

  it("takes a value as it is, even when it looks like a placeholder", () => {
    const { message } = explain("InferenceDeployment", "Ready", "ModelCannotBeLoaded", {
      target: "$&",
      detail: "{target}",
    });
    expect(message).toContain("The server of target $& cannot load the model: {target}");
  });

  it("stays within a condition's bound however long a value is", () => {
    const values = { pod: "a".repeat(9999), revision: "b".repeat(9999), running: "c", detail: "d".repeat(9999) };
    const { message } = explain("InferenceDeployment", "ConfigurationApplied", "PlanRefused", values);
    expect(message.length).toBeLessThan(4096);
    expect(message).toContain("…");
  });
});
