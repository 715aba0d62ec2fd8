import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { metricsPort } from "../settings.ts";
import { sampleOf } from "../testing/objects.ts";
import { fetchCostTable } from "./fetch-cost-table.ts";
import { fetchReport } from "./fetch-report.ts";

/** An address of this machine that nobody else listens on: the port is the same in all pods. */
const address = "127.77.255.1";

/** What is learned of a pod that answers so. */
const asked = (listener: RequestListener) => whileListening(listener, () => fetchReport(address));

async function whileListening<T>(listener: RequestListener, ask: () => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(metricsPort, address);
  await once(server, "listening");
  try {
    return await ask();
  } finally {
    server.close().closeAllConnections();
  }
}

describe("the report of a pod", () => {
  it("is read from its metrics port", async () => {
    const sample = sampleOf("ServiceLevelReport");
    const paths: (string | undefined)[] = [];
    const found = await asked((request, response) => {
      paths.push(request.url);
      response.end(JSON.stringify(sample));
    });
    expect(found).toEqual({ report: sample });
    expect(paths).toEqual(["/v2/sweetspot/report"]);
  });

  const bad: readonly [string, RequestListener, RegExp][] = [
    ["nonsense", (_, response) => response.end("<html>"), /not valid JSON/],
    ["another document", (_, response) => response.end('{"kind":"ServingPlan"}'), /not valid: apiVersion/],
    ["an error", (_, response) => response.writeHead(503).end("loading"), /it answers 503/],
    ["a redirect", (_, response) => response.writeHead(302, { location: "http://127.0.0.1/" }).end(), /it answers 302/],
    ["too much", (_, response) => response.end("x".repeat(300 * 1024)), /larger than 262144 bytes/],
    ["half an answer", (request, response) => response.write("{", () => request.socket.destroy()), /.+/],
  ];

  it.each(bad)("is a problem in a few words when there is %s", async (_, listener, words) => {
    const found = await asked(listener);
    expect(found).toEqual({ problem: expect.stringMatching(words) });
    expect((found as { problem: string }).problem.length).toBeLessThanOrEqual(200);
  });

  it("is waited for no longer than a second and a half, also when it drips", async () => {
    const start = performance.now();
    const drip: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(timer));
    };
    expect(await asked(drip)).toEqual({ problem: expect.stringMatching(/timeout/i) });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("is a problem when nobody listens", async () => {
    expect(await fetchReport("127.77.255.2")).toEqual({ problem: expect.stringContaining("ECONNREFUSED") });
  });
});

describe("the fitted cost table of a pod", () => {
  const table = sampleOf("CostTable");
  const told = (listener: RequestListener) => whileListening(listener, () => fetchCostTable(address));

  it("is read from its metrics port", async () => {
    const paths: (string | undefined)[] = [];
    const found = await told((request, response) => {
      paths.push(request.url);
      response.end(JSON.stringify(table));
    });
    expect(found).toEqual(table);
    expect(paths).toEqual(["/v2/sweetspot/cost-table"]);
  });

  it("is not had from a pod that has none, or answers nonsense", async () => {
    expect(await told((_, response) => response.writeHead(404).end("{}"))).toBeNull();
    expect(await told((_, response) => response.end("[]"))).toBeNull();
    expect(await fetchCostTable("127.77.255.2")).toBeNull();
  });
});
