import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { askPrometheus } from "./ask-prometheus.ts";
import { countsQuery } from "./prometheus-counts.ts";

const target = { namespace: "shop", deployment: "ocr", target: "x64" };
const now = 1_767_571_200_000;

/** What is learned of a server that answers so, under a path as behind a proxy. */
async function asked(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    return await askPrometheus(`http://127.0.0.1:${port}/prom/`, target, () => now);
  } finally {
    server.close().closeAllConnections();
  }
}

/** As the documentation of Prometheus' HTTP API shows the result of a subquery. */
const documented = {
  status: "success",
  data: {
    resultType: "matrix",
    result: [
      { metric: { outcome: "Good" }, values: [[now / 1000 - 60, "95"]] },
      { metric: { outcome: "Late" }, values: [[now / 1000 - 60, "5"]] },
    ],
  },
};

describe("the requests of a target, by Prometheus", () => {
  it("are asked for with one query of its HTTP API", async () => {
    const urls: URL[] = [];
    const found = await asked((request, response) => {
      urls.push(new URL(request.url ?? "", "http://prometheus"));
      response.setHeader("content-type", "application/json").end(JSON.stringify(documented));
    });
    expect(found).toEqual({ blocks: [{ start: now / 1000 - 120, seconds: 60, total: 100, bad: 5 }] });
    expect(urls.map(({ pathname }) => pathname)).toEqual(["/prom/api/v1/query"]);
    expect(urls[0]?.searchParams.get("query")).toBe(countsQuery(target));
    expect(countsQuery(target)).toContain('{inference_namespace="shop",inference_deployment="ocr",target="x64",');
  });

  const refused = JSON.stringify({ status: "error", errorType: "execution", error: "took 12.345 s" });
  const bad: readonly [string, RequestListener, RegExp][] = [
    ["nonsense", (_, response) => response.end("<html>"), /no JSON/],
    ["something else", (_, response) => response.end("{}"), /not of the form/],
    ["an error", (_, response) => response.writeHead(422).end(refused), /^it answers 422 \(execution\)$/],
    ["a page of a proxy", (_, response) => response.writeHead(502).end("<html>"), /^it answers 502$/],
    ["a redirect", (_, response) => response.writeHead(302, { location: "http://127.0.0.1/" }).end(), /it answers 302/],
    ["too much", (_, response) => response.end("x".repeat(200 * 1024)), /larger than 131072 bytes/],
    ["half an answer", (request, response) => response.write("{", () => request.socket.destroy()), /.+/],
  ];

  it.each(bad)("are a problem in a few words when there is %s", async (_, listener, words) => {
    expect(await asked(listener)).toEqual({ problem: expect.stringMatching(words) });
  });

  it("are a problem when nobody listens", async () => {
    expect(await askPrometheus("http://127.0.0.1:9", target)).toEqual({
      problem: expect.stringMatching(/ECONNREFUSED/),
    });
  });
});
