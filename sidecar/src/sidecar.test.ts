import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServingPlan } from "@sweetspot/crds";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";
import { childrenOf, ocrRecogniser } from "./engine/engine-fixtures.ts";
import { underLoad as load } from "./load-fixture.ts";
import { PlanError } from "./plan/plan-error.ts";
import { safePlan } from "./plan/safe-plan.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;
const log = pino({ level: "silent" });
const host = "127.0.0.1";
const running: Sidecar[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((sidecar) => sidecar.close()));
});

async function start(plan: ServingPlan, planFile?: string): Promise<Sidecar> {
  const sidecar = await startSidecar({
    plan,
    host,
    httpPort: 0,
    metricsPort: 0,
    log,
    ...(planFile ? { planFile } : {}),
  });
  running.push(sidecar);
  return sidecar;
}

const batching = {
  former: "CostTable",
  maximumRows: 16,
  maximumBatchMicroseconds: 1_000_000,
  holdMicroseconds: 0,
  windowRequests: 256,
  inFlightPerInstance: 2,
} as const;
const zeroPadding = {
  inputs: ["ids", "mask"].map((name) => ({ name, axis: 1, value: 0 })),
  outputs: [{ name: "hidden", axis: 1 }],
  tolerance: 1e-5,
};

/** A plan that batches and pads, for the sentence encoder in miniature. */
async function encoderPlan(revision: string, changes: Partial<ServingPlan> = {}): Promise<ServingPlan> {
  const plan = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
  return { ...plan, revision, batching, padding: zeroPadding, ...changes };
}

const layoutOf = (instances: number) => ({ instances, threadsPerInstance: 1, pinned: false, spinning: false });

interface Output {
  readonly name: string;
  readonly shape: number[];
  readonly data: number[];
}

async function infer(
  { httpPort }: Sidecar,
  model: string,
  body: unknown,
): Promise<{ status: number; outputs: Output[] }> {
  const response = await fetch(`http://${host}:${httpPort}/v2/models/${model}/infer`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const { outputs = [] } = (await response.json()) as { outputs?: Output[] };
  return { status: response.status, outputs };
}

function sentence(seed: number) {
  const rows = 1 + (seed % 3 === 0 ? 1 : 0);
  const length = 1 + ((seed * 7) % 23);
  const shape = [rows, length];
  const data = Array.from({ length: rows * length }, (_, i) => (seed * 3 + i * 5) % 16);
  const input = (name: string, values: number[]) => ({ name, datatype: "INT64", shape, data: values });
  return { inputs: [input("ids", data), input("mask", Array(rows * length).fill(1))] };
}

function expectClose(actual: readonly Output[], expected: readonly Output[]): void {
  expect(actual.map(({ name, shape }) => ({ name, shape }))).toEqual(
    expected.map(({ name, shape }) => ({ name, shape })),
  );
  const worst = actual.map(({ data }, o) =>
    data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[o]!.data[i]!)), 0),
  );
  expect(Math.max(...worst)).toBeLessThan(1e-4);
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Keeps `lanes` requests in flight until `work` is done, and gives the statuses of all. */
/** The statuses of all requests that so many clients send while `work` goes on. */
async function underLoad(clients: number, sidecar: Sidecar, work: () => Promise<void>): Promise<number[]> {
  let seed = 0;
  const ask = async () => {
    seed += 1;
    return (await infer(sidecar, "encoder", sentence(seed))).status;
  };
  return load(clients, ask, work);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("answers under concurrency", () => {
  it("are those that each request gets alone, for 200 requests of mixed lengths and rows", async () => {
    // In order of arrival and after a short wait, so that lengths mix in every batch, however fast the engine is.
    const mixed = { ...batching, former: "Fifo", holdMicroseconds: 5000 } as const;
    const sidecar = await start(await encoderPlan("r1", { batching: mixed }));
    const alone: Output[][] = [];
    for (const seed of range(200)) alone.push((await infer(sidecar, "encoder", sentence(seed))).outputs);
    const before = sidecar.report().batches;
    const together = await Promise.all(range(200).map((seed) => infer(sidecar, "encoder", sentence(seed))));
    for (const seed of range(200)) expectClose(together[seed]!.outputs, alone[seed]!);
    const report = sidecar.report();
    expect(report.batches - before).toBeLessThan(150);
    expect(report.paddedLength).toBeGreaterThan(report.usefulLength);
    expect(report.counts).toMatchObject({ total: 400, refused: 0, expired: 0, failed: 0, excluded: 0 });
  });

  it("are those that each request gets alone, on a convolutional recogniser of exact shapes", async () => {
    const plan = { ...(await safePlan(ocrRecogniser(), "ocr", target, 1)), batching: { ...batching, maximumRows: 4 } };
    const sidecar = await start(plan);
    const image = (seed: number) => {
      const shape = [1, 3, 48, 32 * (1 + (seed % 3))];
      const data = Array.from({ length: 144 * shape[3]! }, (_, i) => ((seed + i * 31) % 255) / 255);
      return { inputs: [{ name: "x", datatype: "FP32", shape, data }] };
    };
    const alone: Output[][] = [];
    for (const seed of range(12)) alone.push((await infer(sidecar, "ocr", image(seed))).outputs);
    const together = await Promise.all(range(12).map((seed) => infer(sidecar, "ocr", image(seed))));
    for (const seed of range(12)) expectClose(together[seed]!.outputs, alone[seed]!);
    expect(sidecar.report().batches).toBeLessThan(24);
  });
});

describe("a server in trouble", () => {
  it("gives no client an error when an engine process is killed under load", async () => {
    const before = new Set(childrenOf());
    const sidecar = await start(await encoderPlan("r1", { layout: layoutOf(2) }));
    const engines = childrenOf().filter((pid) => !before.has(pid));
    expect(engines).toHaveLength(2);
    const statuses = await underLoad(16, sidecar, async () => {
      await pause(100);
      process.kill(engines[0]!, "SIGKILL");
      await vi.waitFor(() =>
        expect(
          sidecar
            .report()
            .engines.map(({ restarts }) => restarts)
            .sort(),
        ).toEqual([0, 1]),
      );
      await pause(100);
    });
    expect(statuses.length).toBeGreaterThan(16);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it("keeps requests while its only engine restarts", async () => {
    const before = new Set(childrenOf());
    const sidecar = await start(await encoderPlan("r1"));
    const engines = childrenOf().filter((pid) => !before.has(pid));
    const statuses = await underLoad(8, sidecar, async () => {
      await pause(50);
      process.kill(engines[0]!, "SIGKILL");
      await pause(600);
    });
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(sidecar.report().engines[0]).toMatchObject({ state: "Ready", restarts: 1 });
  });

  it("answers bad requests with 4xx, beside good ones, and goes on", async () => {
    const sidecar = await start(await encoderPlan("r1"));
    const bad = { inputs: [{ name: "ids", datatype: "INT64", shape: [1, 1], data: [16] }, sentence(1).inputs[1]] };
    const answers = await Promise.all(
      range(40).map((seed) => infer(sidecar, "encoder", seed % 4 === 0 ? bad : sentence(seed))),
    );
    expect(answers.map(({ status }) => status)).toEqual(range(40).map((seed) => (seed % 4 === 0 ? 400 : 200)));
    expect(sidecar.report().counts).toMatchObject({ total: 30, excluded: 10, failed: 0 });
  });

  it("finds a row that the model rejects among its batch-mates", async () => {
    const sidecar = await start(await encoderPlan("r1", { inputBounds: [] }));
    const bad = sentence(2);
    bad.inputs[0]!.data[0] = 99;
    const answers = await Promise.all(
      range(30).map((seed) => infer(sidecar, "encoder", seed === 13 ? bad : sentence(seed))),
    );
    expect(answers.map(({ status }) => status)).toEqual(range(30).map((seed) => (seed === 13 ? 400 : 200)));
  });
});

describe("a plan that changes under load", () => {
  it("fails no request, be it in place or with new engines", async () => {
    const sidecar = await start(await encoderPlan("r1"));
    const statuses = await underLoad(16, sidecar, async () => {
      await pause(50);
      const policy = { ...batching, maximumRows: 2 };
      const plan = await encoderPlan("r2", { batching: policy });
      await sidecar.applyPlan(plan);
      await pause(50);
      await sidecar.applyPlan({ ...plan, revision: "r3", layout: layoutOf(2) });
      await pause(50);
    });
    expect(statuses.length).toBeGreaterThan(16);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(sidecar.report()).toMatchObject({ planRevision: "r3", planError: null });
    expect(sidecar.report().engines).toHaveLength(2);
  });

  it("is refused where its permission to pad does not hold, and the last good one serves on", async () => {
    const sidecar = await start(await encoderPlan("r1"));
    const unmasked = await safePlan(await writeOnnx(embeddingModel({ masked: false })), "encoder", target, 1);
    const inputs = zeroPadding.inputs.slice(0, 1);
    await expect(sidecar.applyPlan({ ...unmasked, padding: { ...zeroPadding, inputs } })).rejects.toThrow(PlanError);
    expect(sidecar.report()).toMatchObject({ planRevision: "r1", planError: expect.stringContaining("padding") });
    expect((await infer(sidecar, "encoder", sentence(1))).status).toBe(200);
  });

  it("is taken from the watched file, and a bad file is only reported", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-watched-"));
    const file = join(folder, "plan.json");
    const replace = async (content: string) => {
      await writeFile(`${file}.new`, content);
      await rename(`${file}.new`, file);
    };
    const plan = await encoderPlan("r1");
    await replace(JSON.stringify(plan));
    const sidecar = await start(plan, file);
    await pause(100);
    await replace("{");
    await vi.waitFor(() => expect(sidecar.report().planError).toContain("not valid JSON"));
    await replace(JSON.stringify({ ...plan, revision: "r2" }));
    await vi.waitFor(() => expect(sidecar.report()).toMatchObject({ planRevision: "r2", planError: null }));
    await rm(folder, { recursive: true });
  });
});

describe("the life of a server", () => {
  it("is alive before it is ready, and serves metrics and report on a port of their own", async () => {
    const early: number[] = [];
    const sidecar = await startSidecar({
      plan: await encoderPlan("r1"),
      host,
      httpPort: 0,
      metricsPort: 0,
      log,
      onListening: async ({ httpPort }) => {
        const paths = ["live", "ready"].map((path) => fetch(`http://${host}:${httpPort}/v2/health/${path}`));
        for (const response of await Promise.all(paths)) early.push(response.status);
      },
    });
    running.push(sidecar);
    expect(early).toEqual([200, 503]);
    expect((await fetch(`http://${host}:${sidecar.httpPort}/v2/health/ready`)).status).toBe(200);
    await infer(sidecar, "encoder", sentence(1));
    const operations = `http://${host}:${sidecar.metricsPort}`;
    await vi.waitFor(async () =>
      expect(await (await fetch(`${operations}/metrics`)).text()).toContain(
        'sweetspot_requests_total{outcome="Good"} 1',
      ),
    );
    expect(await (await fetch(`${operations}/v2/sweetspot/report`)).json()).toMatchObject({
      planRevision: "r1",
      batches: 1,
    });
  });

  it("leaves nothing behind when its first plan cannot be served", async () => {
    const plan = await encoderPlan("r1", { outputs: ["none"] });
    const before = childrenOf().length;
    await expect(startSidecar({ plan, host, httpPort: 0, metricsPort: 0, log })).rejects.toThrow(PlanError);
    expect(childrenOf()).toHaveLength(before);
  });

  it("finishes what it accepted when it closes, and leaves no process", async () => {
    const before = childrenOf().length;
    const held = { ...batching, holdMicroseconds: 1_000_000, maximumRows: 1024 };
    const sidecar = await start(await encoderPlan("r1", { batching: held }));
    const accepted = range(50).map((seed) => infer(sidecar, "encoder", sentence(seed)));
    const rows = range(50).reduce((sum, seed) => sum + sentence(seed).inputs[0]!.shape[0]!, 0);
    await vi.waitFor(async () => {
      const response = await fetch(`http://${host}:${sidecar.metricsPort}/metrics`);
      expect(await response.text()).toContain(`sweetspot_queued_rows ${rows}\n`);
    });
    await running.splice(0)[0]!.close();
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual(Array(50).fill(200));
    await expect(infer(sidecar, "encoder", sentence(1))).rejects.toThrow();
    expect(childrenOf()).toHaveLength(before);
  });
});
