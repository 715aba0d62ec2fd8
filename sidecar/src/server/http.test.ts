import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import type { ServingPlan } from "@sweetspot/crds";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelSignature } from "../model/signature.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { systemClock } from "./clock.ts";
import { Dispatcher } from "./dispatcher.ts";
import { httpApp } from "./http.ts";
import { metricsApp } from "./metrics-app.ts";
import { compilePlan, dispatchSettings, type RunningModel } from "./running-model.ts";
import { FakePool, type FakeRun } from "./testing/fake-pool.ts";

const spec = { name: "x", datatype: "FP32", shape: [-1, 2], symbols: [null, null] } as const;
const signature: ModelSignature = {
  inputs: [spec],
  outputs: [spec],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
};
const plan = {
  modelName: "echo",
  revision: "r1",
  inputBounds: [],
  batching: {
    former: "Fifo",
    maximumRows: 1,
    maximumBatchMicroseconds: 1e6,
    holdMicroseconds: 0,
    windowRequests: 8,
    inFlightPerInstance: 1,
  },
  admission: { maximumQueuedRows: 2, maximumQueuedBytes: 1e6, refuseLate: false },
  serviceLevel: { percentile: "P99", latencyMilliseconds: 1000 },
} as unknown as ServingPlan;
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

let app: FastifyInstance;
let pool: FakePool;
let model: RunningModel;
let current: RunningModel | null;
let metrics: Metrics;
let base: string;
let run: FakeRun;

beforeEach(async () => {
  run = { microseconds: 0 };
  pool = new FakePool(systemClock, 1, () => run);
  metrics = new Metrics(() => null);
  metrics.planTaken("r1", 1000);
  const observer = { batchFinished: () => undefined, batchFailed: () => undefined };
  const dispatcher = new Dispatcher(pool, undefined, dispatchSettings(plan, signature), systemClock, observer);
  model = { ...compilePlan(plan, signature), pool, dispatcher };
  current = model;
  const context = { current: () => current, ready: () => current !== null, metrics, clock: systemClock };
  app = httpApp({ ...context, log, version: "0.0.0", maximumBodyBytes: 4096 });
  await app.listen({ host: "127.0.0.1", port: 0 });
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
});

const inferPath = "/v2/models/echo/infer";
const good = { id: "a", inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] };
const post = (body: unknown, path = inferPath, headers: Record<string, string> = {}) =>
  fetch(base + path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

/** Sends raw bytes and gives all that comes back until the server closes or `enough` has come. */
function raw(text: string, enough: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
      if (enough.test(answer)) socket.destroy();
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

const bodyWithError = expect.objectContaining({
  error: expect.stringMatching(/^(?!.*(node_modules|\.ts\b|\\))[A-Z'].*\.$/),
});

describe("inference over HTTP", () => {
  it("answers JSON with JSON, at the plain path and with the version", async () => {
    for (const path of [inferPath, "/v2/models/echo/versions/1/infer"]) {
      const response = await post(good, path);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        id: "a",
        model_name: "echo",
        model_version: "1",
        outputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
      });
    }
  });

  it("answers what tritonclient sends by default: binary in, binary out, no content type", async () => {
    const header = JSON.stringify({
      inputs: [{ name: "x", shape: [2, 2], datatype: "FP32", parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    });
    const data = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
    const body = Buffer.concat([Buffer.from(header), data]);
    const response = await fetch(base + inferPath, {
      method: "POST",
      headers: { "Inference-Header-Content-Length": String(header.length) },
      body,
    });
    expect(response.status).toBe(200);
    const length = Number(response.headers.get("inference-header-content-length"));
    const answer = Buffer.from(await response.arrayBuffer());
    expect(JSON.parse(answer.toString("utf8", 0, length)).outputs[0].parameters).toEqual({ binary_data_size: 16 });
    expect(answer.subarray(length)).toEqual(data);
  });

  it("counts each request once, by its outcome", async () => {
    await post(good);
    await post("{}");
    run = { microseconds: 0, failure: "Crashed" };
    expect((await post(good)).status).toBe(500);
    run = { microseconds: 0, failure: "Rejected" };
    expect((await post(good)).status).toBe(400);
    await vi.waitFor(() =>
      expect(model.level.counts()).toEqual({ total: 2, late: 0, refused: 0, expired: 0, failed: 1, excluded: 2 }),
    );
    expect(model.level.latencyMilliseconds().p50).toBeGreaterThan(0);
  });

  it("answers 504 when the request's own time limit passes in the queue", async () => {
    pool.setUp(false);
    const response = await post({ ...good, parameters: { timeout: 20_000 } });
    expect([response.status, await response.json()]).toEqual([504, bodyWithError]);
    await vi.waitFor(() => expect(model.level.counts().expired).toBe(1));
  });

  it("refuses with 503 and Retry-After before the body has come when the queue is full", async () => {
    pool.setUp(false);
    const waiting = [post(good), post(good)];
    await vi.waitFor(() => expect(model.dispatcher.load().queuedRows).toBe(2));
    const answer = await raw(`POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n`, /"error"/);
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(answer).toMatch(/retry-after: 1\r\n/i);
    pool.setUp(true);
    expect((await Promise.all(waiting)).map((response) => response.status)).toEqual([200, 200]);
  });

  it("does not compute for clients that left, and leaves them out of the count", async () => {
    pool.setUp(false);
    const controller = new AbortController();
    const left = fetch(base + inferPath, { method: "POST", body: JSON.stringify(good), signal: controller.signal });
    await vi.waitFor(() => expect(model.dispatcher.load().queuedRows).toBe(1));
    controller.abort();
    await expect(left).rejects.toThrow();
    await vi.waitFor(() => expect(model.level.counts().excluded).toBe(1));
    pool.setUp(true);
    await post(good);
    expect(pool.batches).toHaveLength(1);
  });

  it("refuses requests while no model is loaded, and while it shuts down", async () => {
    model.dispatcher.stop();
    const closing = await post(good);
    current = null;
    const early = await post(good);
    expect([closing.status, early.status]).toEqual([503, 503]);
    expect(early.headers.get("retry-after")).toBe("2");
  });
});

describe("errors over HTTP", () => {
  const cases: [string, number, () => Promise<Response>][] = [
    ["a broken body", 400, () => post("{")],
    ["no body", 400, () => fetch(base + inferPath, { method: "POST" })],
    ["a wrong header length", 400, () => post(good, inferPath, { "Inference-Header-Content-Length": "12abc" })],
    ["an unknown model", 404, () => post(good, "/v2/models/other/infer")],
    ["an unknown version", 404, () => post(good, "/v2/models/echo/versions/2/infer")],
    ["an unknown path", 404, () => post(good, "/v2/nothing")],
    ["a broken escape in the path", 400, () => fetch(`${base}/v2/models/%zz/infer`)],
    ["GET on infer", 405, () => fetch(base + inferPath)],
    ["DELETE on a model", 405, () => fetch(`${base}/v2/models/echo`, { method: "DELETE" })],
    ["a body over the limit", 413, () => post("x".repeat(5000))],
    ["an image", 415, () => post(good, inferPath, { "content-type": "image/png" })],
    ["a compressed body", 501, () => post(good, inferPath, { "content-encoding": "gzip" })],
  ];
  it.each(cases)("answers %s with %i and an error text", async (_, status, send) => {
    const response = await send();
    expect([response.status, await response.json()]).toEqual([status, bodyWithError]);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/^(GET|POST)$/);
    expect((await post(good)).status).toBe(200);
  });

  it("stops a chunked body at the limit", async () => {
    const chunk = `7d0\r\n${"x".repeat(2000)}\r\n`;
    const head = `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;
    expect(await raw(head + chunk.repeat(3), /"error"/)).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ["bytes that are no HTTP", "nonsense\r\n\r\n"],
    [
      "both a length and a transfer encoding",
      `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
  ])("answers %s with 400 and an error text", async (_, text) => {
    const answer = await raw(text, /"error"/);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toEqual(bodyWithError);
  });

  it("shows nothing of an unexpected error, but logs it", async () => {
    current = {
      ...model,
      shape: () => {
        throw new Error("secret at /etc/x");
      },
    };
    const response = await post(good);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|etc|stack/);
    expect(log.error).toHaveBeenCalledOnce();
  });
});

describe("health and metadata", () => {
  const get = async (path: string) => {
    const response = await fetch(base + path);
    return [response.status, await response.json()] as const;
  };

  it("has the bodies that clients parse", async () => {
    expect(await get("/v2/health/live")).toEqual([200, { live: true }]);
    expect(await get("/v2/health/ready")).toEqual([200, { ready: true }]);
    expect(await get("/v2/models/echo/ready")).toEqual([200, { name: "echo", ready: true }]);
    expect((await get("/v2"))[1]).toMatchObject({ name: "sweetspot", extensions: ["binary_tensor_data"] });
    const tensor = { name: "x", datatype: "FP32", shape: [-1, 2] };
    const metadata = {
      name: "echo",
      versions: ["1"],
      platform: "onnxruntime_onnx",
      inputs: [tensor],
      outputs: [tensor],
    };
    expect(await get("/v2/models/echo")).toEqual([200, metadata]);
    expect(await get("/v2/models/echo/versions/1")).toEqual([200, metadata]);
  });

  it("is alive but not ready before the model is loaded", async () => {
    current = null;
    expect((await get("/v2/health/live"))[0]).toBe(200);
    expect(await get("/v2/health/ready")).toEqual([503, bodyWithError]);
    expect((await get("/v2/models/echo/ready"))[0]).toBe(503);
  });

  it("serves metrics and health on the operator's port, and no report before there is one", async () => {
    const operations = metricsApp({ metrics, log, report: () => null });
    const texts = await Promise.all(
      ["/metrics", "/healthz", "/v2/sweetspot/report"].map((url) => operations.inject(url)),
    );
    expect(texts.map((answer) => answer.statusCode)).toEqual([200, 200, 503]);
    expect(texts[0]!.body).toContain("sweetspot_plan_info");
    await operations.close();
  });
});
