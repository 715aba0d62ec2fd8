import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiVersion, digestOf, type PlanTrial, type ServingPlan } from "@sweetspot/crds";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KubeletDirectory } from "../../../../test/src/builders/kubelet-directory.ts";
import { embeddingModel, writeOnnx } from "../../../../test/src/builders/onnx-model.ts";
import { childrenOf } from "../../engine/engine-fixtures.ts";
import { underLoad } from "../../load-fixture.ts";
import { safePlan } from "../../plan/safe-plan.ts";
import { type Sidecar, startSidecar } from "../../sidecar.ts";

const host = "127.0.0.1";
const log = pino({ level: "silent" });
const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;
const file = await writeOnnx(embeddingModel());
const plan: ServingPlan = { ...(await safePlan(file, "encoder", target, 1)), revision: "incumbent" };
const twoEngines: ServingPlan = { ...plan, revision: "candidate", layout: { ...plan.layout, instances: 2 } };
/** Waits 150 ms for a fuller batch, which never comes. */
const holding: ServingPlan = {
  ...plan,
  revision: "candidate",
  batching: { ...plan.batching, maximumRows: 64, holdMicroseconds: 150_000 },
};

const trialOf = (candidate: ServingPlan, changes: Partial<PlanTrial> = {}): string =>
  JSON.stringify({
    apiVersion,
    kind: "PlanTrial",
    id: "t-1",
    plan: candidate,
    seed: 1,
    blockSeconds: 0.2,
    washOutSeconds: 0.05,
    mostSeconds: 60,
    ...changes,
  });

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Milliseconds. Engines that load beside serving ones are held back, which takes long on a machine with other work. */
const patience = 25_000;
vi.setConfig({ testTimeout: 3 * patience });

/** A server in a pod whose volume can be swapped. */
async function served() {
  const selected = JSON.stringify(plan);
  const volume = await KubeletDirectory.create({ selected, trial: "" });
  open.push(() => volume.remove());
  const before = new Set(childrenOf());
  const sidecar = await startSidecar({ planDirectory: volume.path, host, httpPort: 0, metricsPort: 0, log });
  open.push(() => sidecar.close());
  const engines = () =>
    childrenOf()
      .filter((pid) => !before.has(pid))
      .sort();
  const put = (trial: string, other = selected) => volume.swap({ selected: other, trial });
  const state = (wanted: string) =>
    vi.waitFor(() => expect(sidecar.report().trial?.state).toBe(wanted), { timeout: patience, interval: 5 });
  return { sidecar, put, state, engines };
}

const input = (name: string, data: number[]) => ({ name, datatype: "INT64", shape: [1, 3], data });
const body = JSON.stringify({ inputs: [input("ids", [1, 2, 3]), input("mask", [1, 1, 1])] });
const ask = async ({ httpPort }: Sidecar): Promise<number> => {
  const response = await fetch(`http://${host}:${httpPort}/v2/models/encoder/infer`, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
};

const pairs = ({ report }: Sidecar) => report().trial?.pairs ?? [];
const allGood = (statuses: number[]) => {
  expect(statuses.length).toBeGreaterThan(20);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
};

describe("a candidate on trial beside the plan", () => {
  it("takes turns with it on engines of its own, is scored, and becomes the plan without loading anything", async () => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    expect(sidecar.report().trial).toBeNull();
    let both: number[] = [];
    const arms = new Set<string | null | undefined>();
    allGood(
      await underLoad(
        4,
        () => ask(sidecar),
        async () => {
          await put(trialOf(twoEngines));
          await state("Running");
          both = engines();
          await vi.waitFor(
            () => {
              arms.add(sidecar.report().trial?.arm);
              expect(pairs(sidecar).length).toBeGreaterThanOrEqual(3);
            },
            { timeout: 10_000, interval: 20 },
          );
          expect(sidecar.report()).toMatchObject({ planRevision: "incumbent", planDigest: digestOf(plan) });
          expect(sidecar.report().trial?.candidateDigest).toBe(digestOf(twoEngines));
          await put("", JSON.stringify(twoEngines));
          await vi.waitFor(() => expect(sidecar.report().planRevision).toBe("candidate"), { interval: 5 });
        },
      ),
    );
    expect([...arms].sort()).toEqual(["Candidate", "Incumbent"]);
    expect(both).toHaveLength(3);
    await vi.waitFor(() => expect(engines()).toEqual(both.filter((pid) => !own.includes(pid))));
    expect(sidecar.report()).toMatchObject({ planError: null, trial: null });
  });

  it("shares the engines where only its policy differs, is told apart by its scores, and is gone when taken back", async () => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    allGood(
      await underLoad(
        4,
        () => ask(sidecar),
        async () => {
          await put(trialOf(holding, { blockSeconds: 0.4 }));
          await state("Running");
          expect(engines()).toEqual(own);
          await vi.waitFor(() => expect(pairs(sidecar).length).toBeGreaterThanOrEqual(2), { timeout: patience });
        },
      ),
    );
    const sum = (arm: "incumbent" | "candidate") => pairs(sidecar).reduce((all, pair) => all + pair[arm], 0);
    expect(sum("candidate")).toBeGreaterThan(sum("incumbent"));
    await put("");
    await vi.waitFor(() => expect(sidecar.report().trial).toBeNull());
    const start = performance.now();
    for (let i = 0; i < 10; i += 1) await ask(sidecar);
    // Each would have been held for 150 ms by the candidate's policy.
    expect((performance.now() - start) / 10).toBeLessThan(150);
  });

  it("is over when its time is, and its engines end", async () => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    await put(trialOf(twoEngines, { mostSeconds: 0.5 }));
    await state("Running");
    await state("Done");
    await vi.waitFor(() => expect(engines()).toEqual(own));
    expect(sidecar.report().trial).toMatchObject({ message: expect.stringContaining("time"), arm: null });
    expect(await ask(sidecar)).toBe(200);
  });

  it("is taken back while it loads, and leaves nothing", async () => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    await put(trialOf(twoEngines));
    await state("Loading");
    await put("");
    await vi.waitFor(() => expect(sidecar.report().trial).toBeNull());
    await vi.waitFor(() => expect(engines()).toEqual(own), { timeout: patience });
  });

  it("fails when its engine dies; requests do not, and the plan serves on alone", async () => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    allGood(
      await underLoad(
        4,
        () => ask(sidecar),
        async () => {
          await put(trialOf({ ...twoEngines, layout: { ...plan.layout, threadsPerInstance: 2 } }));
          await state("Running");
          for (const pid of engines().filter((pid) => !own.includes(pid))) process.kill(pid, "SIGKILL");
          await state("Failed");
        },
      ),
    );
    expect(sidecar.report().trial?.message).toContain("engine of the candidate");
    await vi.waitFor(() => expect(engines()).toEqual(own), { timeout: patience });
  });

  it("fails when another plan comes meanwhile", async () => {
    const { sidecar, put, state, engines } = await served();
    await put(trialOf(twoEngines));
    await state("Running");
    await put(trialOf(twoEngines), JSON.stringify({ ...plan, revision: "other" }));
    await state("Failed");
    expect(sidecar.report().planRevision).toBe("other");
    await vi.waitFor(() => expect(engines()).toHaveLength(1), { timeout: patience });
  });
});

const unmasked = await safePlan(await writeOnnx(embeddingModel({ masked: false })), "encoder", target, 1);
const padding = {
  inputs: [{ name: "ids", axis: 1, value: 0 }],
  outputs: [{ name: "hidden", axis: 1 }],
  tolerance: 1e-5,
};

describe("a candidate that cannot be tried", () => {
  const cases: [string, string, RegExp, string | null][] = [
    ["is no plan", '{"id": "t-1"}', /The trial is not valid/, "t-1"],
    ["is no JSON", "{", /not valid JSON/, null],
    ["has no file", trialOf({ ...plan, artifact: { ...plan.artifact, file: "/gone.onnx" } }), /cannot be read/, "t-1"],
    ["has another name", trialOf({ ...plan, modelName: "other" }), /another name/, "t-1"],
    ["has other inputs", trialOf({ ...unmasked, revision: "u" }), /inputs, outputs/, "t-1"],
    ["must not be padded", trialOf({ ...unmasked, revision: "u", padding }), /permits padding/, "t-1"],
  ];
  it.each(cases)("because it %s is refused by its reason, and the plan serves on", async (_, trial, message, id) => {
    const { sidecar, put, state, engines } = await served();
    const own = engines();
    await put(trial);
    await state("Failed");
    const report = sidecar.report();
    expect(report).toMatchObject({ planRevision: "incumbent", planError: null });
    expect(report.trial).toMatchObject({ id, message: expect.stringMatching(message), pairs: [] });
    expect(report.trial?.message).not.toContain("/gone");
    expect(await ask(sidecar)).toBe(200);
    await vi.waitFor(() => expect(engines()).toEqual(own), { timeout: patience });
  });
});

describe("a trial in a file", () => {
  it("begins when the file comes and ends when it goes; the plan itself needs no trial", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-trial-"));
    open.push(() => rm(folder, { recursive: true }));
    const trialFile = join(folder, "trial.json");
    const sidecar = await startSidecar({ plan, trialFile, host, httpPort: 0, metricsPort: 0, log });
    open.push(() => sidecar.close());
    const trial = () => sidecar.report().trial;
    await writeFile(trialFile, trialOf(holding));
    await vi.waitFor(() => expect(trial()).toMatchObject({ id: "t-1", state: "Running" }), { timeout: patience });
    await rm(trialFile);
    await vi.waitFor(() => expect(trial()).toBeNull(), { timeout: patience });
    await writeFile(trialFile, trialOf(plan, { id: "t-2" }));
    await vi.waitFor(() => expect(trial()).toMatchObject({ id: "t-2", state: "Done" }), { timeout: patience });
  });
});
