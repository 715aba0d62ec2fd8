import type { ServingPlan } from "@sweetspot/crds";
import { pino } from "pino";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";
import { safePlan } from "./plan/safe-plan.ts";
import { upstreamPlan } from "./plan/upstream-plan.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;
const host = "127.0.0.1";
const log = pino({ level: "silent" });
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const serve = (plan: ServingPlan | (() => Promise<ServingPlan>)): Promise<Sidecar> =>
  startSidecar({ plan, host, httpPort: 0, grpcPort: 0, metricsPort: 0, log });

/** A server with the sentence encoder in miniature. */
const own = serve(async () => {
  const plan = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
  return { ...plan, batching: { ...plan.batching, maximumRows: 8 } };
});
const running: Sidecar[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((sidecar) => sidecar.close()));
});
afterAll(async () => (await own).close());

async function proxy(protocol: "http" | "grpc", holdMicroseconds = 0): Promise<Sidecar> {
  const { httpPort, grpcPort } = await own;
  const address = `${protocol}://${host}:${protocol === "http" ? httpPort : grpcPort}/v2/models/encoder`;
  const request = { address, modelName: "front", target, concurrency: 2, maximumRows: 8, cpus: 1 };
  const plan = await upstreamPlan(request);
  const sidecar = await serve({ ...plan, batching: { ...plan.batching, holdMicroseconds } });
  running.push(sidecar);
  return sidecar;
}

function sentence(seed: number, id = seed) {
  const length = 1 + ((seed * 7) % 5);
  const data = range(length).map((i) => (id + i) % 16);
  const input = (name: string, values: number[]) => ({ name, datatype: "INT64", shape: [1, length], data: values });
  return { inputs: [input("ids", data), input("mask", Array(length).fill(1))] };
}

async function infer({ httpPort }: Sidecar, model: string, body: unknown) {
  const url = `http://${host}:${httpPort}/v2/models/${model}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  const { outputs } = (await response.json()) as { outputs?: unknown };
  return { status: response.status, outputs };
}

describe("a server in front of another one", () => {
  it.each(["http", "grpc"] as const)("answers as that does, in batches (%s)", async (protocol) => {
    const front = await proxy(protocol, 20_000);
    const seeds = range(40);
    const answers = await Promise.all(seeds.map((seed) => infer(front, "front", sentence(seed))));
    const direct = await Promise.all(seeds.map(async (seed) => infer(await own, "encoder", sentence(seed))));
    expect(answers).toEqual(direct);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { rows, batches, engines } = front.report();
    expect(rows).toBe(40);
    expect(batches).toBeLessThan(40);
    expect(engines[0]?.version).toMatch(/^sweetspot /);
  });

  it("gives its clients the metadata of that one, under its own name", async () => {
    const { httpPort } = await proxy("http");
    const metadata = await (await fetch(`http://${host}:${httpPort}/v2/models/front`)).json();
    const upstream = await (await fetch(`http://${host}:${(await own).httpPort}/v2/models/encoder`)).json();
    expect(metadata).toEqual({ ...(upstream as object), name: "front" });
  });

  it("finds the request that the other one refuses, and answers its batch-mates", async () => {
    const front = await proxy("http");
    const answers = await Promise.all(
      range(20).map((seed) => {
        const body = sentence(seed);
        if (seed === 7) body.inputs[0]!.data[0] = 99;
        return infer(front, "front", body);
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(range(20).map((seed) => (seed === 7 ? 400 : 200)));
  });

  it("talks plain JSON where it is told to", async () => {
    const { httpPort } = await own;
    const plan = await upstreamPlan({
      address: `http://${host}:${httpPort}/v2/models/encoder`,
      modelName: "front",
      target,
      cpus: 1,
    });
    const front = await serve({ ...plan, artifact: { ...plan.artifact, options: { encoding: "json" } } });
    running.push(front);
    const body = sentence(3);
    expect(await infer(front, "front", body)).toEqual(await infer(await own, "encoder", body));
  });

  it("refuses a plan that was made for another model, and options that do not exist", async () => {
    const { httpPort } = await own;
    const address = `http://${host}:${httpPort}/v2/models/encoder`;
    const plan = await upstreamPlan({ address, modelName: "front", target, cpus: 1 });
    const digest = `sha256:${"0".repeat(64)}`;
    await expect(serve({ ...plan, artifact: { ...plan.artifact, digest } })).rejects.toThrow(/digest/);
    const options = { compression: "gzip" };
    await expect(serve({ ...plan, artifact: { ...plan.artifact, options } })).rejects.toThrow(
      /no option "compression"/,
    );
  });
});
