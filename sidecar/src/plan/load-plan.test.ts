import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadPlan } from "./load-plan.ts";
import { PlanError } from "./plan-error.ts";
import { watchFile } from "./watch.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-plan-"));
});
afterEach(() => rm(folder, { recursive: true }));

const planOf = (changes: object = {}) => ({
  apiVersion: "sweetspot.dev/v1alpha1",
  kind: "ServingPlan",
  revision: "r1",
  modelName: "m",
  artifact: { variant: "Source", engine: "OnnxRuntime", file: "model.onnx", digest: sha256("weights") },
  inputBounds: [],
  layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
  batching: {
    former: "Fifo",
    maximumRows: 1,
    maximumBatchMicroseconds: 1,
    holdMicroseconds: 0,
    windowRequests: 1,
    inFlightPerInstance: 1,
  },
  admission: { maximumQueuedRows: 1, maximumQueuedBytes: 1, refuseLate: false },
  serviceLevel: { percentile: "P99", latencyMilliseconds: 50 },
  ...changes,
});

const write = (name: string, content: unknown) =>
  writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

describe("loading a plan", () => {
  it("finds the artifact beside the plan", async () => {
    await write("model.onnx", "weights");
    await write("plan.json", planOf());
    expect((await loadPlan(join(folder, "plan.json"))).artifact.file).toBe(join(folder, "model.onnx"));
  });

  const bad: [string, string, unknown, RegExp][] = [
    ["another model file", "tampered", planOf(), /digest/],
    ["a field of the wrong type", "weights", planOf({ layout: { instances: 0 } }), /layout\.instances/],
    ["half a document", "weights", '{"apiVersion":', /not valid JSON/],
    ["a missing model file", "weights", planOf({ artifact: { ...planOf().artifact, file: "none" } }), /cannot be read/],
  ];
  it.each(bad)("refuses %s, and names no path", async (_, weights, plan, message) => {
    await write("model.onnx", weights);
    await write("plan.json", plan);
    const error = await loadPlan(join(folder, "plan.json")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PlanError);
    expect((error as PlanError).message).toMatch(message);
    expect((error as PlanError).message).not.toContain(folder);
  });
});

describe("watching a plan", () => {
  const watched = (onChange: () => void, pollMilliseconds = 60_000) =>
    watchFile(join(folder, "plan.json"), { onChange, debounceMilliseconds: 20, pollMilliseconds });

  it("tells of an atomic replacement once, and not of a file that is the same", async () => {
    await write("plan.json", "one");
    const onChange = vi.fn();
    const close = watched(onChange);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    await write("new.json", "two");
    await rename(join(folder, "new.json"), join(folder, "plan.json"));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
    await write("plan.json", "two");
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(onChange).toHaveBeenCalledTimes(2);
    close();
  });

  it("follows the symbolic link that a kubelet swaps", async () => {
    for (const version of ["v1", "v2"]) {
      await mkdir(join(folder, version));
      await write(join(version, "plan.json"), version);
    }
    await symlink("v1", join(folder, "..data"));
    await symlink(join("..data", "plan.json"), join(folder, "plan.json"));
    const onChange = vi.fn();
    const close = watched(onChange);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    await symlink("v2", join(folder, "..tmp"));
    await rename(join(folder, "..tmp"), join(folder, "..data"));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
    close();
  });

  it("survives a plan that is missing for a while, and polls where no event comes", async () => {
    await write("plan.json", "one");
    const onChange = vi.fn();
    const close = watched(onChange, 30);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    await unlink(join(folder, "plan.json"));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(onChange).toHaveBeenCalledTimes(1);
    await write("plan.json", "two");
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
    close();
  });
});
