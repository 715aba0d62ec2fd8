import { LoadReport } from "@sweetspot/crds";
import { afterEach, describe, expect, it } from "vitest";
import type { LoadJob } from "./load-job.ts";
import { LoadClient, LoadError, runLoad } from "./run-load.ts";
import { answerWith, numberedMix, startTarget, type TargetServer } from "./testing/target-server.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
});

async function target(answer: Parameters<typeof startTarget>[0]): Promise<TargetServer> {
  const server = await startTarget(answer);
  open.push(server);
  return server;
}

async function client(): Promise<LoadClient> {
  const started = await LoadClient.start(numberedMix(10));
  open.push(started);
  return started;
}

const job = (url: string, requestsPerSecond: number, seconds: number): LoadJob => ({
  url,
  target: { percentile: "P99", latencyMilliseconds: 50 },
  seed: 7,
  stages: [{ requestsPerSecond, seconds }],
});

describe("a load process", () => {
  it("shows a stall of the server to everybody who should have been sent meanwhile", async () => {
    let stalled = false;
    const server = await target((response) => {
      // The whole server stands still for 200 ms, once, in the middle of the stage.
      if (!stalled && server.bodies.length > 100) {
        stalled = true;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      }
      response.end();
    });
    const { stages } = await runLoad(job(server.url, 200, 1.5), numberedMix(10));
    // 150 ms of the stall are beyond the target: about 30 of the 200 requests/s. One client that waits for its
    // answer before it sends again would have seen a single slow request.
    expect(stages[0]?.counts.late).toBeGreaterThan(15);
    expect(stages[0]?.latencyMilliseconds.maximum).toBeGreaterThan(190);
    expect(stages[0]?.latencyMilliseconds.p50).toBeLessThan(50);
  });

  it("keeps a rate of thousands per second and says how late it sent", async () => {
    const server = await target(answerWith(200));
    const [stage] = job(server.url, 2000, 1).stages;
    const { stages, generatorCpuSeconds, requestsInMix } = await runLoad(
      { ...job(server.url, 2000, 1), stages: [{ requestsPerSecond: 200, seconds: 0.5 }, stage ?? expect.fail()] },
      numberedMix(10),
    );
    const total = stages[1]?.counts.total ?? 0;
    expect(total).toBeGreaterThan(1900);
    expect(total).toBeLessThan(2100);
    expect((stages[0]?.counts.total ?? 0) + total).toBe(server.bodies.length);
    expect(stages[1]?.sendDelayMilliseconds).toBeGreaterThan(0);
    expect(stages[1]?.sendDelayMilliseconds).toBeLessThan(200);
    expect(generatorCpuSeconds).toBeGreaterThan(0);
    expect(requestsInMix).toBe(10);
  });

  it("runs several jobs with one mix, each with a valid report", async () => {
    const server = await target(answerWith(200));
    const load = await client();
    const reports = [await load.run(job(server.url, 100, 0.2)), await load.run(job(server.url, 100, 0.2))];
    for (const report of reports) expect(() => LoadReport.parse(report)).not.toThrow();
    // As many, whether they were on time or not: a machine that stalls makes some of them late.
    expect(reports[0]?.stages[0]?.counts.total).toBe(reports[1]?.stages[0]?.counts.total);
  });

  it("rejects at once when its signal is aborted, and sends no more", async () => {
    const server = await target(answerWith(200));
    const load = await client();
    const aborting = new AbortController();
    const running = load.run(job(server.url, 100, 30), aborting.signal);
    setTimeout(() => aborting.abort(new Error("enough")), 300);
    await expect(running).rejects.toThrow("enough");
    await load.close();
    const sent = server.bodies.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.bodies.length).toBe(sent);
    await expect(load.run(job(server.url, 100, 1))).rejects.toThrow(LoadError);
  });

  it("reports the stages so far when it is stopped", async () => {
    const server = await target(answerWith(200));
    const load = await client();
    setTimeout(() => load.stop(), 400);
    const report = await load.run(job(server.url, 200, 30));
    expect(report.stages[0]?.seconds).toBeLessThan(3);
    expect(report.stages[0]?.counts.total).toBeGreaterThan(10);
    expect((await load.run(job(server.url, 100, 0.2))).stages).toHaveLength(1);
  });

  it("takes one job at a time", async () => {
    const server = await target(answerWith(200));
    const load = await client();
    const first = load.run(job(server.url, 100, 0.3));
    await expect(load.run(job(server.url, 100, 0.3))).rejects.toThrow(TypeError);
    expect((await first).stages).toHaveLength(1);
  });

  it("says so when the mix cannot be read", async () => {
    await expect(LoadClient.start({ requests: [] })).rejects.toThrow(/request mix is not valid/);
  });
});
