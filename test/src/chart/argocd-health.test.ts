import { readFileSync } from "node:fs";
import { join } from "node:path";
import { changed, minimal } from "@sweetspot/crds/testing";
import { describe, expect, it } from "vitest";
import { LuaFactory } from "wasmoon";
import { chart } from "./helm.ts";

const script = readFileSync(join(chart, "files", "argocd", "health.lua"), "utf8");

type Conditions = Readonly<Record<string, string>>;

/** What Argo CD would show of an object with these conditions, as it calls the script: with the object in `obj`. */
async function healthOf(kind: keyof typeof minimal, conditions: Conditions | null, seen = 1) {
  const list = Object.entries(conditions ?? {}).map(([type, status]) => ({
    type,
    status,
    message: `${type} is ${status}.`,
  }));
  const status = conditions === null ? undefined : { observedGeneration: seen, conditions: list };
  const lua = await new LuaFactory().createEngine();
  try {
    lua.global.set("obj", changed(minimal[kind], { "metadata.generation": 1, status }));
    return (await lua.doString(script)) as { status: string; message: string };
  } finally {
    lua.global.close();
  }
}

const well = { Ready: "True", ServiceLevelMet: "True", Stalled: "False", Reconciling: "False" };

describe("the health that Argo CD shows", () => {
  it.each([
    ["InferenceDeployment", null, "Progressing"],
    ["InferenceDeployment", well, "Healthy"],
    ["InferenceDeployment", { ...well, Reconciling: "True" }, "Progressing"],
    ["InferenceDeployment", { ...well, Ready: "False", Reconciling: "True" }, "Progressing"],
    ["InferenceDeployment", { ...well, Ready: "False" }, "Degraded"],
    ["InferenceDeployment", { ...well, ServiceLevelMet: "False", Reconciling: "True" }, "Degraded"],
    ["InferenceDeployment", { ...well, ServiceLevelMet: "Unknown" }, "Healthy"],
    ["InferenceDeployment", { ...well, Stalled: "True" }, "Degraded"],
    ["TuningRun", null, "Progressing"],
    ["TuningRun", { Complete: "False", Failed: "False" }, "Progressing"],
    ["TuningRun", { Complete: "True", Failed: "False" }, "Healthy"],
    ["TuningRun", { Complete: "False", Failed: "True" }, "Degraded"],
  ] as const)("of a %s with %j is %s", async (kind, conditions, status) => {
    const health = await healthOf(kind, conditions);
    expect(health).toEqual({ status, message: expect.stringMatching(/\.$/) });
  });

  it("waits for the operator to see what was changed", async () => {
    expect(await healthOf("InferenceDeployment", well, 0)).toMatchObject({ status: "Progressing" });
  });
});
