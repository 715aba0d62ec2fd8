import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { digestOf, type ServingPlan } from "@sweetspot/crds";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KubeletDirectory } from "../../../test/src/builders/kubelet-directory.ts";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { putArtifact } from "../artifacts/artifact-store.ts";
import { underLoad } from "../load-fixture.ts";
import { type Sidecar, type SidecarOptions, startSidecar } from "../sidecar.ts";
import { PlanError } from "./plan-error.ts";
import { safePlan } from "./safe-plan.ts";

const host = "127.0.0.1";
const log = pino({ level: "silent" });
const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;
/** Milliseconds. Engines that load beside serving ones are held back, which takes long on a machine with other work. */
const patience = 25_000;
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const file = await writeOnnx(embeddingModel());
const safe = await safePlan(file, "encoder", target, 1);

/** A plan that applies in place on the safe one, or needs new engines. */
const planOf = (revision: string, changes: Partial<ServingPlan> = {}): ServingPlan => ({
  ...safe,
  revision,
  ...changes,
});
const twoEngines = { layout: { ...safe.layout, instances: 2 } };
const text = (plan: ServingPlan) => JSON.stringify(plan);
const missingModel = planOf("missing", { artifact: { ...safe.artifact, file: "/nowhere.onnx" } });

type Given = Pick<SidecarOptions, "plan" | "artifactStore">;

async function follow(files: Record<string, string>, given: Given = { plan: safe }) {
  const volume = await KubeletDirectory.create(files);
  open.push(() => volume.remove());
  const sidecar = await startSidecar({ ...given, planDirectory: volume.path, host, httpPort: 0, metricsPort: 0, log });
  open.push(() => sidecar.close());
  const revision = (wanted: string) =>
    vi.waitFor(() => expect(sidecar.report().planRevision).toBe(wanted), { timeout: patience, interval: 10 });
  return { volume, sidecar, revision };
}

const input = (name: string, data: number[]) => ({ name, datatype: "INT64", shape: [1, 3], data });
const body = JSON.stringify({ inputs: [input("ids", [1, 2, 3]), input("mask", [1, 1, 1])] });

async function ask({ httpPort }: Sidecar): Promise<number> {
  const response = await fetch(`http://${host}:${httpPort}/v2/models/encoder/infer`, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
}

describe("the plan that a server starts with", () => {
  const cases: [string, Record<string, string>, object][] = [
    ["the selected one", { selected: text(planOf("s")), active: text(planOf("a")) }, ["s", "Selected", null]],
    ["the active one where none is selected", { selected: "", active: text(planOf("a")) }, ["a", "Active", null]],
    [
      "the active one where the selected is no plan",
      { selected: "{", active: text(planOf("a")) },
      ["a", "Active", null],
    ],
    [
      "the active one where the selected has no file",
      { selected: text(missingModel), active: text(planOf("a")) },
      ["a", "Active", "missing"],
    ],
    ["the safe one where both are bad", { selected: text(missingModel), active: "{}" }, ["safe", "Given", "missing"]],
    [
      "the safe one where that is selected by its name",
      { selected: "safe", active: text(planOf("a")) },
      ["safe", "Given", null],
    ],
    ["the safe one in an empty directory", {}, ["safe", "Given", null]],
  ];
  it.each(cases)("is %s", async (_, files, expected) => {
    const { sidecar } = await follow(files);
    const { planRevision, planSource, refusedRevision, planError } = sidecar.report();
    expect([planRevision, planSource, refusedRevision]).toEqual(expected);
    expect(planError === null).toBe(["", "safe", undefined].includes(files["selected"]) || planSource === "Selected");
  });

  it("needs no model where the directory has one, and is told by its digest as it was written", async () => {
    const plan = planOf("a");
    const { sidecar } = await follow({ active: text(plan) }, {});
    expect(sidecar.report().planDigest).toBe(digestOf(plan));
  });

  it("is refused where there is none at all", async () => {
    await expect(follow({}, {})).rejects.toThrow(PlanError);
  });
});

describe("a plan whose model is only in the artifact store", () => {
  it("is served from there, at the start and when it is swapped in", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-follow-"));
    open.push(() => rm(folder, { recursive: true }));
    const artifactStore = join(folder, "store");
    await putArtifact(artifactStore, safe.artifact.digest, () => createReadStream(file));
    const stored = (revision: string, name: string) =>
      text(planOf(revision, { artifact: { ...safe.artifact, file: join(folder, name) } }));
    const { sidecar, volume, revision } = await follow({ active: stored("a", "one.onnx") }, { artifactStore });
    expect(sidecar.report()).toMatchObject({ planRevision: "a", planError: null });
    await volume.swap({ active: stored("b", "two.onnx") });
    await revision("b");
    expect(await ask(sidecar)).toBe(200);
  });
});

describe("a plan that a kubelet swaps in", () => {
  it("is taken, in place or with new engines, and no request fails", { timeout: 4 * patience }, async () => {
    const { volume, sidecar, revision } = await follow({ selected: "", active: text(planOf("r0")) });
    const statuses = await underLoad(
      4,
      () => ask(sidecar),
      async () => {
        for (let i = 1; i <= 6; i += 1) {
          await volume.swap({
            selected: text(planOf(`r${i}`, i % 3 === 0 ? twoEngines : {})),
            active: text(planOf("r0")),
          });
          await revision(`r${i}`);
        }
      },
    );
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it("that is bad leaves the last good one, says which it is, and is not tried again until the files change", async () => {
    const error = vi.spyOn(log, "error");
    const { volume, sidecar, revision } = await follow({ selected: text(planOf("r1")), active: text(planOf("a")) });
    await volume.swap({ selected: text(missingModel), active: text(planOf("a2")) });
    await vi.waitFor(() => expect(sidecar.report().refusedRevision).toBe("missing"));
    expect(sidecar.report()).toMatchObject({
      planRevision: "r1",
      planError: expect.stringContaining("cannot be read"),
    });
    const tries = error.mock.calls.length;
    await volume.swap({ selected: text(missingModel), active: text(planOf("a2")), nonce: "1" });
    await pause(600);
    expect(error.mock.calls).toHaveLength(tries);
    await volume.swap({ selected: text(planOf("r2")), active: text(planOf("a2")) });
    await revision("r2");
    expect(sidecar.report()).toMatchObject({ planError: null, refusedRevision: null });
  });

  it("gives way to the safe one when that is selected, and to the active one when nothing is any more", async () => {
    const { volume, sidecar, revision } = await follow({ active: text(planOf("a")) });
    expect(sidecar.report().planRevision).toBe("a");
    await volume.swap({ selected: "safe", active: text(planOf("a")) });
    await revision("safe");
    expect(sidecar.report()).toMatchObject({ planSource: "Given", planError: null, refusedRevision: null });
    await volume.swap({ selected: "", active: text(planOf("a")) });
    await revision("a");
  });

  it("falls back to the active one and then to the model when it goes away", async () => {
    const { volume, sidecar, revision } = await follow({ selected: text(planOf("r1")), active: text(planOf("a")) });
    await volume.swap({ selected: "", active: text(planOf("a")) });
    await revision("a");
    expect(sidecar.report().planSource).toBe("Active");
    await volume.swap({ selected: "" });
    await revision("safe");
    expect(sidecar.report()).toMatchObject({ planSource: "Given", planError: null });
  });

  it("is found beside a file that is written in its place", async () => {
    const { volume, revision } = await follow({ selected: text(planOf("r1")) });
    await writeFile(join(volume.path, "unrelated"), "x");
    await volume.swap({ selected: text(planOf("r2")) });
    await revision("r2");
  });

  it("goes on counting when only its source changed", async () => {
    const { volume, sidecar } = await follow({ selected: text(planOf("r1")) });
    const statuses = await underLoad(
      4,
      () => ask(sidecar),
      async () => {
        await volume.swap({ selected: "", active: text(planOf("r1")) });
        await vi.waitFor(() => expect(sidecar.report().planSource).toBe("Active"));
      },
    );
    expect(sidecar.report().counts.total).toBe(statuses.length);
  });
});

describe("a server that is told to stop", () => {
  it("is not ready at once and accepts requests until the delay is over", async () => {
    const { sidecar } = await follow({});
    const ready = async () => (await fetch(`http://${host}:${sidecar.httpPort}/v2/health/ready`)).status;
    const infer = async () =>
      (await fetch(`http://${host}:${sidecar.httpPort}/v2/models/encoder/infer`, { method: "POST", body })).status;
    expect([await ready(), await infer()]).toEqual([200, 200]);
    const closed = sidecar.close({ delayMilliseconds: 300 });
    expect([await ready(), await infer()]).toEqual([503, 200]);
    await closed;
    await expect(infer()).rejects.toThrow();
  });
});
