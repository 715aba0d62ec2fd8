import { copyFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServingPlan } from "@sweetspot/crds";
import { safePlan } from "@sweetspot/sidecar";
import { ocrModels } from "@sweetspot/test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../builders/onnx-model.ts";
import { Workplace } from "./cli-process.ts";
import { anyPorts, freePort, ServedModel } from "./served-model.ts";

let workplace: Workplace;
beforeEach(async () => {
  workplace = await Workplace.open();
});
afterEach(async () => {
  try {
    expect(await workplace.remainingFiles()).toEqual([]);
  } finally {
    await workplace.close();
  }
});

/** One upright picture of nothing, as the binary extension of the protocol has it. */
function blankPicture(): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const shape = [1, 3, 48, 192];
  const bytes = 4 * 3 * 48 * 192;
  const input = { name: "x", datatype: "FP32", shape, parameters: { binary_data_size: bytes } };
  const header = Buffer.from(JSON.stringify({ inputs: [input] }));
  const body = new Uint8Array(header.byteLength + bytes);
  body.set(header);
  return { body, headers: { "inference-header-content-length": String(header.byteLength) } };
}

const twoRows = JSON.stringify({
  inputs: ["ids", "mask"].map((name) => ({ name, datatype: "INT64", shape: [2, 2], data: [1, 1, 1, 0] })),
});

describe("sweetspot serve", () => {
  it("serves a model under the name of its file, and answers as soon as it says that it is ready", async () => {
    const file = workplace.file("my embedder.v2.onnx");
    await copyFile(await writeOnnx(embeddingModel()), file);
    const server = await ServedModel.start(workplace, "--model", file);
    expect(JSON.parse(server.command.out)).toMatchObject({ ready: true, host: "127.0.0.1", model: "my-embedder.v2" });
    expect((await server.infer(twoRows)).status).toBe(200);
    const named = await ServedModel.start(workplace, "--model", file, "--name", "other");
    expect([named.model, (await named.infer(twoRows)).status]).toEqual(["other", 200]);
    expect(named.url).not.toBe(server.url);
    for (const { command } of [server, named]) {
      command.signal("SIGTERM");
      expect(await command.exited).toBe(0);
      expect(command.out.trim().split("\n")).toHaveLength(1);
    }
    expect(await workplace.remainingProcesses()).toEqual([]);
  });

  it("is alive before it is ready, and ready only when it is warm", async () => {
    const port = await freePort();
    const words = ["--model", ocrModels.recogniser, ...anyPorts, "--http-port", String(port), "--json"];
    const command = workplace.start(["serve", ...words]);
    const health = (what: string) =>
      fetch(`http://127.0.0.1:${port}/v2/health/${what}`).then(
        ({ status }) => status,
        () => "down",
      );
    const seen: string[] = [];
    const end = Date.now() + 20_000;
    while (seen.at(-1) !== "200 200" && Date.now() < end) {
      const [live, ready] = [await health("live"), await health("ready")];
      if (live !== "down") seen.push(`${live} ${ready}`);
      await sleep(5);
    }
    expect([...new Set(seen)]).toEqual(["200 503", "200 200"]);
    await command.shows("out", /"ready":true/);
    command.signal("SIGTERM");
    expect(await command.exited).toBe(0);
  });

  it("answers every request that it accepted before SIGTERM, takes no others, and ends with 0", async () => {
    const server = await ServedModel.start(workplace, "--model", ocrModels.classifier);
    const { body, headers } = blankPicture();
    const requests = 48;
    let answered = 0;
    let statuses: Promise<number>[] = [];
    // One is with the engine. Counting the answers first can only underestimate what was accepted.
    const accepted = async () => {
      const before = answered;
      return before + 1 + (await server.metric("sweetspot_queued_rows"));
    };
    // Until all are accepted and most of them wait: on a busy machine a burst may be over before it is seen.
    const allWait = async () => {
      if (statuses.length === 0 || answered === requests) {
        answered = 0;
        statuses = Array.from({ length: requests }, () =>
          server.infer(body, headers).then(({ status }) => {
            answered += 1;
            return status;
          }),
        );
      }
      return (await accepted()) === requests && answered < requests / 2;
    };
    await expect.poll(allWait, { interval: 1, timeout: 20_000 }).toBe(true);
    server.command.signal("SIGTERM");
    await server.command.shows("error", /Draining/);
    const late = await server.infer(body, headers).then(
      ({ status }) => status,
      () => "refused",
    );
    expect([503, "refused"]).toContain(late);
    expect(answered).toBeLessThan(requests);
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
    expect(await server.command.exited).toBe(0);
    expect(await workplace.remainingProcesses()).toEqual([]);
  });

  it.each(["--http-port", "--grpc-port", "--metrics-port"])(
    "ends with 6 and a sentence when %s is taken",
    async (option) => {
      const file = await writeOnnx(embeddingModel());
      const server = await ServedModel.start(workplace, "--model", file);
      const addresses: Record<string, string> = {
        "--http-port": server.url,
        "--grpc-port": `http://${server.grpcAddress}`,
        "--metrics-port": server.metricsUrl,
      };
      const taken = new URL(addresses[option] ?? "").port;
      const second = workplace.start(["serve", "--model", file, ...anyPorts, option, taken]);
      expect(await second.exited).toBe(6);
      expect(second.error).toMatch(
        new RegExp(`^sweetspot: The server cannot listen on port ${taken} .* Choose another`),
      );
      expect([second.out, second.error.trim().split("\n").length]).toEqual(["", 1]);
    },
  );
});

describe("a plan file that is replaced under load", () => {
  let file: string;
  let plan: ServingPlan;
  let server: ServedModel;

  beforeEach(async () => {
    file = workplace.file("plan.json");
    const target = { percentile: "P99", latencyMilliseconds: 1000 } as const;
    plan = { ...(await safePlan(await writeOnnx(embeddingModel()), "embedder", target, 1)), revision: "first" };
    await replace(plan);
    server = await ServedModel.start(workplace, "--plan", file);
  });

  /** As a careful writer replaces a file: a reader finds the old one or the new one. */
  async function replace(content: unknown): Promise<void> {
    await writeFile(`${file}.new`, JSON.stringify(content));
    await rename(`${file}.new`, file);
  }

  /** Four clients, each of which waits for its answer, until `work` is done. Gives what they were answered. */
  async function underLoad(work: () => Promise<void>): Promise<Map<string, number>> {
    const answers = new Map<string, number>();
    let done = false;
    const client = async () => {
      while (!done) {
        const answer = await server.infer(twoRows).then(
          ({ status }) => String(status),
          (error: Error) => error.message,
        );
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        await sleep(2);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    try {
      await work();
    } finally {
      done = true;
      await Promise.all(clients);
    }
    return answers;
  }

  const revision = () => server.report().then(({ planRevision }) => planRevision);
  const planError = () => server.report().then((report) => report.planError);

  it("applies without a failed request, to the running engines and to new ones", async () => {
    const batching = { ...plan.batching, maximumRows: 4, inFlightPerInstance: 2 };
    const answers = await underLoad(async () => {
      await replace({ ...plan, revision: "policy", batching });
      await expect.poll(revision, { timeout: 10_000 }).toBe("policy");
      await replace({ ...plan, revision: "engines", batching, layout: { ...plan.layout, instances: 2 } });
      await expect.poll(revision, { timeout: 10_000 }).toBe("engines");
      // The old engines finish what they have after the change.
      await sleep(300);
    });
    expect([...answers.keys()]).toEqual(["200"]);
    expect(answers.get("200")).toBeGreaterThan(50);
    const { engines, counts } = await server.report();
    expect([engines.length, counts.failed, counts.refused]).toEqual([2, 0, 0]);
  });

  it("keeps the old plan when the new one is bad, says why, and takes the next good one", async () => {
    const answers = await underLoad(async () => {
      await writeFile(file, "{ this is no plan");
      await expect.poll(planError, { timeout: 10_000 }).toMatch(/not valid JSON/);
      await replace({ ...plan, revision: "bad", batching: { ...plan.batching, maximumRows: 0 } });
      await expect.poll(planError, { timeout: 10_000 }).toMatch(/batching\.maximumRows/);
      await replace({ ...plan, revision: "bad", artifact: { ...plan.artifact, file: "missing.onnx" } });
      await expect.poll(planError, { timeout: 10_000 }).toMatch(/model file cannot be read/);
      expect(await revision()).toBe("first");
      await replace({ ...plan, revision: "good", batching: { ...plan.batching, maximumRows: 2 } });
      await expect.poll(revision, { timeout: 10_000 }).toBe("good");
    });
    expect([...answers.keys()]).toEqual(["200"]);
    expect(await planError()).toBeNull();
    expect(server.command.error).toMatch(/plan refused, the last good one keeps serving/);
  });
});
