import type { LoadReport } from "@sweetspot/crds";
import { afterEach, describe, expect, it } from "vitest";
import { LoadGenerator } from "./generator.ts";
import { connectionsOf, LoadJob } from "./load-job.ts";
import { isHopeless } from "./open-loop.ts";
import type { RequestMix } from "./request-mix.ts";
import { classify } from "./stage-recorder.ts";
import { answerWith, numberedMix, startTarget, type TargetServer } from "./testing/target-server.ts";

const servers: TargetServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function target(answer: Parameters<typeof startTarget>[0]): Promise<TargetServer> {
  const server = await startTarget(answer);
  servers.push(server);
  return server;
}

async function generate(load: LoadJob, mix: RequestMix, stop?: AbortSignal): Promise<LoadReport> {
  const generator = new LoadGenerator(mix);
  try {
    return await generator.run(load, stop);
  } finally {
    await generator.close();
  }
}

const job = (url: string, change: Partial<LoadJob> = {}): LoadJob => ({
  url,
  target: { percentile: "P99", latencyMilliseconds: 100 },
  seed: 1,
  stages: [{ requestsPerSecond: 200, seconds: 0.5 }],
  ...change,
});

describe("classify", () => {
  it.each([
    [200, 99, "good"],
    [200, 100, "good"],
    [200, 101, "late"],
    [503, 1, "refused"],
    [429, 1, "refused"],
    [504, 1, "expired"],
    [500, 1, "failed"],
    [502, 1, "failed"],
    [301, 1, "failed"],
    [400, 1, "excluded"],
    [404, 500, "excluded"],
    ["NoConnection", 1, "failed"],
    ["GivenUp", 500, "late"],
  ] as const)("counts outcome %s after %d ms as %s", (outcome, latency, expected) => {
    expect(classify(outcome, latency, 100)).toBe(expected);
  });
});

describe("isHopeless", () => {
  const rule = { minimumRequests: 20, factor: 1, planned: 500, missShare: 0.01 };
  const counts = { total: 100, late: 3, refused: 1, expired: 1, failed: 0, excluded: 0 };

  it("goes on while the rest of the stage could still save it", () => {
    expect(isHopeless(counts, 0, rule)).toBe(false);
  });
  it("gives up when more is missed than the whole stage may miss, overdue requests included", () => {
    expect(isHopeless(counts, 1, rule)).toBe(true);
    expect(isHopeless(counts, 1, { ...rule, factor: 2 })).toBe(false);
  });
  it("waits for the minimum of decided requests", () => {
    expect(isHopeless(counts, 1, { ...rule, minimumRequests: 102 })).toBe(false);
  });
});

describe("LoadGenerator", () => {
  it("counts each status as the definition says, and latencies of answers only", async () => {
    const statuses = [200, 503, 429, 504, 500, 404, 200, 302];
    const server = await target((response, index) => {
      const status = statuses[index % statuses.length] ?? 200;
      response.writeHead(status).end();
    });
    const patient = { percentile: "P99", latencyMilliseconds: 10_000 } as const;
    const { stages } = await generate(job(server.url, { target: patient }), numberedMix(4));
    const counts = stages[0]?.counts ?? expect.fail("no stage");
    const sent = server.bodies.length;
    const of = (...wanted: number[]) =>
      Array.from({ length: sent }, (_, index) => statuses[index % statuses.length] ?? 0).filter((status) =>
        wanted.includes(status),
      ).length;
    expect(counts).toEqual({
      total: sent - of(404),
      late: 0,
      refused: of(503, 429),
      expired: of(504),
      failed: of(500, 302),
      excluded: of(404),
    });
    expect(stages[0]?.goodRequestsPerSecond).toBeCloseTo(of(200) / 0.5, 6);
  });

  it("counts connections that break or cannot be made as failed", async () => {
    const server = await target((response) => response.destroy());
    const broken = await generate(job(server.url), numberedMix(1));
    expect(broken.stages[0]?.counts.failed).toBe(broken.stages[0]?.counts.total);
    await server.close();
    const refused = await generate(job(server.url), numberedMix(1));
    expect(refused.stages[0]?.counts.failed).toBe(refused.stages[0]?.counts.total);
    expect(refused.stages[0]?.counts.total).toBeGreaterThan(50);
    expect(refused.stages[0]?.latencyMilliseconds.p50).toBeNull();
  });

  it("gives up requests without an answer at the timeout and counts them as late", async () => {
    const server = await target((response, index) => {
      if (index % 2 === 1) response.end();
    });
    const { stages } = await generate(job(server.url, { timeoutMilliseconds: 200 }), numberedMix(1));
    const sent = server.bodies.length;
    expect(stages[0]?.counts).toMatchObject({ total: sent, late: Math.ceil(sent / 2), failed: 0 });
    expect(stages[0]?.latencyMilliseconds.p99).toBeGreaterThan(199);
  });

  it("waits for a free connection, and the wait is part of the latency", async () => {
    const server = await target((response) => void setTimeout(() => response.end(), 20));
    const { stages } = await generate(
      job(server.url, { maximumConnections: 1, stages: [{ requestsPerSecond: 100, seconds: 0.5 }] }),
      numberedMix(1),
    );
    // 100 requests/s of 20 ms each on one connection are twice what it can carry: the last waits about 0.5 s.
    expect(stages[0]?.latencyMilliseconds.maximum).toBeGreaterThan(200);
    expect(stages[0]?.counts.late).toBeGreaterThan(10);
  });

  it("stops a hopeless stage early and goes on with the next", async () => {
    const server = await target((response) => void setTimeout(() => response.end(), 150));
    const started = performance.now();
    const { stages } = await generate(
      job(server.url, {
        stages: [
          { requestsPerSecond: 200, seconds: 5 },
          { requestsPerSecond: 100, seconds: 0.2 },
        ],
        earlyStop: { minimumRequests: 20, factor: 1 },
      }),
      numberedMix(1),
    );
    expect(performance.now() - started).toBeLessThan(2500);
    expect(stages).toHaveLength(2);
    expect(stages[0]?.seconds).toBeLessThan(1);
    expect(stages[0]?.counts.late).toBeGreaterThan(10);
    // Those who had waited less than the target were left, and count neither way.
    expect(stages[0]?.counts.excluded).toBeGreaterThan(5);
    expect(stages[1]?.counts.total).toBeGreaterThan(0);
  });

  it("ends the stage and keeps its counts when it is told to stop", async () => {
    const server = await target(answerWith(200));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const stages = [
      { requestsPerSecond: 200, seconds: 30 },
      { requestsPerSecond: 200, seconds: 30 },
    ];
    const report = await generate(job(server.url, { stages }), numberedMix(1), stop.signal);
    expect(report.stages).toHaveLength(1);
    expect(report.stages[0]?.seconds).toBeLessThan(2);
    expect(report.stages[0]?.counts.total).toBeGreaterThan(20);
  });

  it("sends the same requests in the same order for the same seed, and others for another", async () => {
    const server = await target(answerWith(200));
    const order = async (seed: number) => {
      server.bodies.length = 0;
      await generate(job(server.url, { seed, maximumConnections: 1 }), numberedMix(9));
      return [...server.bodies];
    };
    const first = await order(1);
    expect(await order(1)).toEqual(first);
    expect(await order(2)).not.toEqual(first);
  });

  it("keeps a closed loop at its number of connections", async () => {
    let open = 0;
    let most = 0;
    const server = await target((response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end();
      }, 10);
    });
    const report = await generate(job(server.url, { stages: [{ connections: 4, seconds: 0.6 }] }), numberedMix(3));
    expect(report.arrivals).toBe("ClosedLoop");
    expect(most).toBe(4);
    // Four clients, at least 10 ms each: 400/s at most.
    expect(report.stages[0]?.answeredRequestsPerSecond).toBeLessThan(410);
    expect(report.stages[0]?.answeredRequestsPerSecond).toBeGreaterThan(150);
    expect(report.stages[0]?.offeredRequestsPerSecond).toBeGreaterThan(150);
    // Each client always has one request under way, the last of which may end after the stage.
    expect(report.stages[0]?.concurrency).toBeGreaterThan(3.5);
    expect(report.stages[0]?.concurrency).toBeLessThan(4.5);
  });

  it("tells how many requests are under way by their rate and how long they take", async () => {
    const server = await target((response) => setTimeout(() => response.end(), 50));
    const report = await generate(job(server.url), numberedMix(3));
    const [stage] = report.stages;
    const { counts, latencyMilliseconds, seconds, concurrency } = stage as NonNullable<typeof stage>;
    const atLeast = (counts.total * 50) / 1000 / seconds;
    expect(concurrency).toBeGreaterThanOrEqual(0.99 * atLeast);
    expect(concurrency).toBeLessThanOrEqual((atLeast * (latencyMilliseconds.maximum ?? 0)) / 50);
  });

  it("does not spin against a server that refuses everything", async () => {
    const server = await target(answerWith(503));
    await generate(job(server.url, { stages: [{ connections: 2, seconds: 0.3 }] }), numberedMix(1));
    expect(server.bodies.length).toBeLessThan(2 * 0.3 * 200 + 10);
  });

  it("keeps connections open between jobs", async () => {
    const ports = new Set<number | undefined>();
    const server = await target((response, _index, request) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    const generator = new LoadGenerator(numberedMix(1));
    const load = job(server.url, { maximumConnections: 1, stages: [{ requestsPerSecond: 100, seconds: 0.1 }] });
    await generator.run(load);
    await generator.run({ ...load, seed: 2 });
    await generator.close();
    expect(server.bodies.length).toBeGreaterThan(5);
    expect(ports.size).toBe(1);
  });

  it("takes enough connections for a server that just keeps the target", () => {
    const busy = job("http://127.0.0.1/", { stages: [{ requestsPerSecond: 1000, seconds: 1 }] });
    expect(connectionsOf(busy)).toBe(200);
    expect(connectionsOf(job("http://127.0.0.1/"))).toBe(40);
    expect(connectionsOf({ ...busy, maximumConnections: 3 })).toBe(3);
    expect(connectionsOf({ ...busy, stages: [{ connections: 7, seconds: 1 }] })).toBe(7);
  });

  it("refuses jobs that make no sense", () => {
    expect(LoadJob.safeParse(job("http://127.0.0.1/")).success).toBe(true);
    expect(LoadJob.safeParse(job("ftp://127.0.0.1/")).success).toBe(false);
    const stages = [{ requestsPerSecond: 150_000, seconds: 80_000 }];
    expect(LoadJob.safeParse(job("http://127.0.0.1/", { stages })).success).toBe(false);
    expect(() => new LoadGenerator({ requests: [] })).toThrow(/no request/);
  });
});
