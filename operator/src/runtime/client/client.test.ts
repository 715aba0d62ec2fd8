import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { answer, refusal } from "../testing/fake-api-server.ts";
import { type ConfigMap, configMap, configMaps, fakeWorld } from "../testing/fixtures.ts";
import { ApiError } from "./api-error.ts";
import { KubeClient } from "./client.ts";
import type { ClientOptions, RequestObservation } from "./requester.ts";
import { httpTransport } from "./transport.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A real HTTP server that answers as told, and a client to it. */
async function overHttp(handler: Handler, options: Partial<ClientOptions> = {}) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => handler(request, response, Buffer.concat(chunks).toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`;
  const headers = async () => ({ authorization: "Bearer secret" });
  const transport = httpTransport({ server: address, tls: {}, headers });
  cleanups.push(() => transport.close());
  cleanups.push(async () => server.closeAllConnections());
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { server, client: new KubeClient({ transport, ...options }) };
}

const a = { namespace: "shop", name: "a" };

describe("the client over HTTP (promises A1 to A4)", () => {
  it("applies by PATCH with field manager, force, content type and credentials (A1)", async () => {
    const seen: unknown[] = [];
    const { client } = await overHttp((request, response, body) => {
      const { "content-type": type, authorization } = request.headers;
      seen.push([request.method, request.url, type, authorization, JSON.parse(body)]);
      response.end(body);
    });
    const manifest: ConfigMap = { metadata: a, data: { x: "1" } };
    await client.apply(configMaps, manifest, { fieldManager: "me", subresource: "status" });
    expect(seen).toEqual([
      [
        "PATCH",
        "/prefix/api/v1/namespaces/shop/configmaps/a/status?fieldManager=me&force=true",
        "application/apply-patch+yaml",
        "Bearer secret",
        { apiVersion: "v1", kind: "ConfigMap", metadata: a, data: { x: "1" } },
      ],
    ]);
  });

  it("finds what is there, says null for what is not, and passes on other errors (A1)", async () => {
    const answers: [number, unknown][] = [
      [200, { metadata: a }],
      [404, { kind: "Status", reason: "NotFound" }],
      [403, { kind: "Status", reason: "Forbidden" }],
    ];
    const { client } = await overHttp((_request, response) => {
      const [status, body] = answers.shift() ?? [500, {}];
      response.statusCode = status;
      response.end(JSON.stringify(body));
    });
    expect(await client.find(configMaps, a)).toMatchObject({ metadata: a });
    expect(await client.find(configMaps, a)).toBeNull();
    await expect(client.find(configMaps, a)).rejects.toMatchObject({ reason: "Forbidden" });
  });

  it("deletes with preconditions, and says false for what was not there (A1)", async () => {
    const bodies: unknown[] = [];
    const { client } = await overHttp((_request, response, body) => {
      bodies.push(JSON.parse(body));
      response.statusCode = bodies.length === 1 ? 200 : 404;
      response.end("{}");
    });
    expect(await client.delete(configMaps, a, { uid: "u", propagationPolicy: "Foreground" })).toBe(true);
    expect(await client.delete(configMaps, a)).toBe(false);
    expect(bodies[0]).toMatchObject({ preconditions: { uid: "u" }, propagationPolicy: "Foreground" });
  });

  it("gives the server's status, reason and wait in one error (A2)", async () => {
    const { client } = await overHttp((_request, response) => {
      response.writeHead(409, { "retry-after": "7" });
      response.end(JSON.stringify({ kind: "Status", reason: "AlreadyExists", message: "there is one" }));
    });
    const error = await client.create(configMaps, configMap("a")).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect([error.status, error.reason, error.alreadyExists, error.conflict, error.retryAfterSeconds]).toEqual([
      409,
      "AlreadyExists",
      true,
      false,
      7,
    ]);
    expect(error.message).toBe("create /api/v1/namespaces/shop/configmaps: 409 AlreadyExists: there is one");
  });

  it("ends a request at its deadline, before the head and within the body (A3)", async () => {
    for (const sendHead of [true, false]) {
      // A client each: one that got no answer holds its next requests back.
      const { client } = await overHttp((_request, response) => {
        if (sendHead) response.write("{");
      });
      await expect(client.get(configMaps, a, { deadlineMs: 80 })).rejects.toMatchObject({ reason: "DeadlineExceeded" });
    }
  });

  it("ends a request when its signal aborts (A3)", async () => {
    const { client } = await overHttp(() => {});
    const stop = new AbortController();
    const reading = client.get(configMaps, a, { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(reading).rejects.toMatchObject({ reason: "Aborted" });
  });

  it("sends not a byte of a write that is refused when the connection is there (A4)", async () => {
    let requests = 0;
    let asked = 0;
    const mayWrite = () => asked++ === 0;
    const { client } = await overHttp(
      (_request, response) => {
        requests++;
        response.end("{}");
      },
      { mayWrite },
    );
    await expect(client.create(configMaps, configMap("a"))).rejects.toMatchObject({ reason: "WriteRefused" });
    expect([requests, asked]).toEqual([0, 2]);
    await client.get(configMaps, a);
    expect(requests).toBe(1);
  });

  it("reads at most as much of a log as asked, whatever the server sends (A8)", async () => {
    const { client } = await overHttp((_request, response) => {
      const more = () => {
        if (response.write("x".repeat(65_536))) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    });
    const text = await client.podLog(a, { limitBytes: 100_000, container: "tuner" });
    expect(text.length).toBe(100_000);
  });

  it("streams watch events that come in pieces, and throws what an ERROR event says (A5)", async () => {
    const event = (type: string, version: string) =>
      `${JSON.stringify({ type, object: { metadata: { name: "\u00e4", resourceVersion: version } } })}\n`;
    const { client } = await overHttp((_request, response) => {
      const bytes = Buffer.from(event("ADDED", "1") + event("BOOKMARK", "2"));
      const gone = { type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } };
      response.write(bytes.subarray(0, 45));
      setTimeout(() => response.end(Buffer.concat([bytes.subarray(45), Buffer.from(`${JSON.stringify(gone)}\n`)])), 20);
    });
    const seen: string[] = [];
    const watching = (async () => {
      const options = { resourceVersion: "0", timeoutSeconds: 10, quietMs: 5_000 };
      for await (const { type, object } of client.watch(configMaps, options))
        seen.push(`${type} ${object.metadata.name}`);
    })();
    await expect(watching).rejects.toMatchObject({ gone: true });
    expect(seen).toEqual(["ADDED \u00e4", "BOOKMARK \u00e4"]);
  });
});

describe("the client on virtual time (promises A5 to A9)", () => {
  it("waits as long as a 429 or 503 says, and then succeeds (A7)", async () => {
    const { clock, server, client } = fakeWorld();
    server.put("configmaps", configMap("a"));
    const answers = [refusal(429, "TooManyRequests", "2"), refusal(503, "ServiceUnavailable", "1")];
    server.intercept = () => answers.shift();
    const reading = client.get(configMaps, a);
    await clock.advance(10_000);
    expect((await reading).metadata.name).toBe("a");
    const [first = 0, second = 0, third = 0] = server.requests.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(2_000);
    expect(third - second).toBeGreaterThanOrEqual(1_000);
  });

  it("gives the wait to the caller when it is longer than the deadline (A7)", async () => {
    const { server, client } = fakeWorld();
    server.intercept = () => refusal(429, "TooManyRequests", "60");
    await expect(client.get(configMaps, a)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 60 });
    expect(server.requests.length).toBe(1);
  });

  it("does not repeat what failed without a word of the server (A7)", async () => {
    const { server, client } = fakeWorld();
    server.down = true;
    await expect(client.create(configMaps, configMap("a"))).rejects.toMatchObject({ reason: "Unreachable" });
    expect(server.requests.length).toBe(1);
  });

  it("lists page by page, and begins anew when a page is gone (A9)", async () => {
    const { server, client } = fakeWorld();
    const page = (names: string[], next: string) =>
      answer(200, { metadata: { resourceVersion: "5", continue: next }, items: names.map((name) => configMap(name)) });
    const answers = [page(["old"], "t1"), refusal(410, "Expired"), page(["a", "b"], "t2"), page(["c"], "")];
    server.intercept = () => answers.shift();
    const list = await client.list(configMaps, { pageSize: 2, labelSelector: "a=b" });
    expect(list.items.map(({ metadata, kind }) => `${kind} ${metadata.name}`)).toEqual([
      "ConfigMap a",
      "ConfigMap b",
      "ConfigMap c",
    ]);
    expect(server.requests.map(({ path }) => path.split("?")[1])).toEqual([
      "labelSelector=a%3Db&limit=2",
      "labelSelector=a%3Db&limit=2&continue=t1",
      "labelSelector=a%3Db&limit=2",
      "labelSelector=a%3Db&limit=2&continue=t2",
    ]);
  });

  it("tells each request with its verb, resource and code (A10)", async () => {
    const seen: RequestObservation[] = [];
    const { server, client } = fakeWorld({ observe: (observation) => seen.push(observation) });
    await client.create(configMaps, configMap("a"));
    await client.get(configMaps, { ...a, name: "none" }).catch(() => {});
    server.down = true;
    await client.get(configMaps, a).catch(() => {});
    expect(seen.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`)).toEqual([
      "create configmaps 201",
      "get configmaps 404",
      "get configmaps Unreachable",
    ]);
  });

  it("refuses to name an object of a namespaced resource without its namespace", async () => {
    const { client } = fakeWorld();
    await expect(client.get(configMaps, { name: "a" })).rejects.toThrow(/needs a namespace/);
  });
});
