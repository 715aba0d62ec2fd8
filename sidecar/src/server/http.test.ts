import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metricsApp } from "./metrics-app.ts";
import { EchoServer } from "./testing/echo-server.ts";

let server: EchoServer;
let base: string;

beforeEach(async () => {
  server = await EchoServer.start();
  base = server.url;
});
afterEach(() => server.close());

const inferPath = "/v2/models/echo/infer";
const good = { id: "a", inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] };
const post = (body: unknown, path = inferPath, headers: Record<string, string> = {}) =>
  fetch(base + path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

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
    server.run = { microseconds: 0, failure: "Crashed" };
    expect((await post(good)).status).toBe(500);
    server.run = { microseconds: 0, failure: "Rejected" };
    expect((await post(good)).status).toBe(400);
    await vi.waitFor(() =>
      expect(server.model.level.counts()).toEqual({
        total: 2,
        late: 0,
        refused: 0,
        expired: 0,
        failed: 1,
        excluded: 2,
      }),
    );
    expect(server.model.level.latencyMilliseconds().p50).toBeGreaterThan(0);
  });

  it("answers 504 when the request's own time limit passes in the queue", async () => {
    server.pool.setUp(false);
    const response = await post({ ...good, parameters: { timeout: 20_000 } });
    expect([response.status, await response.json()]).toEqual([504, bodyWithError]);
    await vi.waitFor(() => expect(server.model.level.counts().expired).toBe(1));
  });

  it("refuses with 503 and Retry-After before the body has come when the queue is full", async () => {
    server.pool.setUp(false);
    const waiting = [post(good), post(good)];
    await vi.waitFor(() => expect(server.model.dispatcher.load().queuedRows).toBe(2));
    const answer = await server.raw(`POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n`, /"error"/);
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(answer).toMatch(/retry-after: 1\r\n/i);
    server.pool.setUp(true);
    expect((await Promise.all(waiting)).map((response) => response.status)).toEqual([200, 200]);
  });

  it("does not compute for clients that left, and leaves them out of the count", async () => {
    server.pool.setUp(false);
    const controller = new AbortController();
    const left = fetch(base + inferPath, { method: "POST", body: JSON.stringify(good), signal: controller.signal });
    await vi.waitFor(() => expect(server.model.dispatcher.load().queuedRows).toBe(1));
    controller.abort();
    await expect(left).rejects.toThrow();
    await vi.waitFor(() => expect(server.model.level.counts().excluded).toBe(1));
    server.pool.setUp(true);
    await post(good);
    expect(server.pool.batches).toHaveLength(1);
  });

  it("refuses requests while no model is loaded, and while it shuts down", async () => {
    server.model.dispatcher.stop();
    const closing = await post(good);
    server.current = null;
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
    ["an unknown coding", 501, () => post(good, inferPath, { "content-encoding": "br" })],
    ["two codings", 501, () => post(good, inferPath, { "content-encoding": "gzip, gzip" })],
    ["a NUL in the model's name", 404, () => post(good, "/v2/models/echo%00/infer")],
    ["a NUL in an input's name", 400, () => post({ inputs: [{ ...good.inputs[0], name: "x\u0000" }] })],
    ["a bare NaN", 400, () => post(JSON.stringify(good).replace("[1,2]}", "[NaN,2]}"))],
    ["GET on an unknown model's configuration", 404, () => fetch(`${base}/v2/models/other/config`)],
    ["POST on the statistics", 405, () => post({}, "/v2/models/stats")],
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
    expect(await server.raw(head + chunk.repeat(3), /"error"/)).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ["bytes that are no HTTP", "nonsense\r\n\r\n"],
    [
      "both a length and a transfer encoding",
      `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      "two different lengths",
      `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n{}x`,
    ],
    ["a length that is no number", `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ncontent-length: 0x3\r\n\r\n{}x`],
    ["an unknown transfer encoding", `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: x\r\n\r\n{}x`],
    ["a wrong chunk length", `POST ${inferPath} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
  ])("answers %s with 400 and an error text", async (_, text) => {
    const answer = await server.raw(text, /"error"/);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toEqual(bodyWithError);
  });

  it("answers an expectation that it does not know with 417", async () => {
    const answer = await server.raw(`POST ${inferPath} HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n\r\n`, /"error"/);
    expect(answer).toMatch(/^HTTP\/1.1 417 [\s\S]*Expect takes nothing but 100-continue/);
  });

  it("shows nothing of an unexpected error, but logs it", async () => {
    server.current = {
      ...server.model,
      shape: () => {
        throw new Error("secret at /etc/x");
      },
    };
    const response = await post(good);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|etc|stack/);
    expect(server.log.error).toHaveBeenCalledOnce();
  });
});

describe("health and metadata", () => {
  const get = async (path: string) => {
    const response = await fetch(base + path);
    // biome-ignore lint/suspicious/noExplicitAny: documents of another project, of which a few fields are looked at.
    return [response.status, (await response.json()) as any] as const;
  };

  it("has the bodies that clients parse", async () => {
    expect(await get("/v2/health/live")).toEqual([200, { live: true }]);
    expect(await get("/v2/health/ready")).toEqual([200, { ready: true }]);
    expect(await get("/v2/models/echo/ready")).toEqual([200, { name: "echo", ready: true }]);
    expect((await get("/v2"))[1]).toMatchObject({
      name: "sweetspot",
      extensions: ["binary_tensor_data", "model_configuration", "statistics"],
    });
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

  it("shows the configuration and what was counted, as Triton does, at all paths of theirs", async () => {
    await post(good);
    await post("{}");
    const [status, config] = await get("/v2/models/echo/config");
    expect([status, config]).toEqual([200, expect.objectContaining({ name: "echo", max_batch_size: 1 })]);
    expect(await get("/v2/models/echo/versions/1/config")).toEqual([200, config]);
    const paths = ["/v2/models/stats", "/v2/models/echo/stats", "/v2/models/echo/versions/1/stats"];
    await vi.waitFor(async () => {
      for (const path of paths) {
        expect((await get(path))[1].model_stats).toEqual([
          expect.objectContaining({ name: "echo", version: "1", inference_count: 1, execution_count: 1 }),
        ]);
      }
    });
    const [{ last_inference: last, inference_stats: times }] = (await get("/v2/models/stats"))[1].model_stats;
    expect(Math.abs(last - Date.now())).toBeLessThan(60_000);
    expect([times.success.count, times.fail.count, times.queue.count, times.compute_infer.count]).toEqual([1, 1, 1, 1]);
    const sum = times.queue.ns + times.compute_infer.ns + times.compute_output.ns;
    expect(sum / times.success.ns).toBeCloseTo(1, 3);
  });

  it("has no configuration and no statistics before the model is loaded", async () => {
    server.current = null;
    for (const path of ["/v2/models/echo/config", "/v2/models/echo/stats", "/v2/models/stats"]) {
      expect(await get(path)).toEqual([503, bodyWithError]);
    }
  });

  it("is alive but not ready before the model is loaded", async () => {
    server.current = null;
    expect((await get("/v2/health/live"))[0]).toBe(200);
    expect(await get("/v2/health/ready")).toEqual([503, bodyWithError]);
    expect((await get("/v2/models/echo/ready"))[0]).toBe(503);
  });

  it("serves metrics and health on the operator's port, and no report before there is one", async () => {
    const operations = metricsApp({
      metrics: server.metrics,
      log: server.log,
      modelName: () => null,
      report: () => null,
      costTable: () => null,
    });
    const texts = await Promise.all(
      ["/metrics", "/healthz", "/v2/sweetspot/report"].map((url) => operations.inject(url)),
    );
    expect(texts.map((answer) => answer.statusCode)).toEqual([200, 200, 503]);
    expect(texts[0]!.body).toContain("sweetspot_plan_info");
    await operations.close();
  });

  it("has Triton's metric names where they are asked for, and refuses names that it does not know", async () => {
    await post(good);
    const { metrics, log } = server;
    const operations = metricsApp({ metrics, log, modelName: () => "echo", report: () => null, costTable: () => null });
    await vi.waitFor(async () => {
      const { body, headers } = await operations.inject("/metrics?names=triton");
      expect(body).toContain('nv_inference_request_success{model="echo",version="1"} 1');
      expect(body).not.toContain("sweetspot_");
      expect(headers["content-type"]).toMatch(/^text\/plain/);
    });
    for (const query of ["names=other", "names=triton&names=triton"]) {
      expect((await operations.inject(`/metrics?${query}`)).statusCode).toBe(400);
    }
    await operations.close();
  });
});
