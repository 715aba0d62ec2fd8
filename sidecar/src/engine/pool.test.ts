import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { createEnginePool } from "./create-pool.ts";
import type { EnginePool } from "./engine.ts";
import {
  childrenOf,
  engineSettings,
  eventually,
  floatsOf,
  isRunning,
  ocrRecogniser,
  sentence,
} from "./engine-fixtures.ts";
import { type After, restartDelay } from "./engine-instance.ts";
import { cpuInventory } from "./linux-process.ts";
import type { EnginePoolOptions } from "./pool.ts";

const limit = 20_000;
const model = writeOnnx(embeddingModel());
const started: EnginePool[] = [];

async function startPool(change = {}, options: EnginePoolOptions = {}): Promise<EnginePool> {
  const pool = await createEnginePool(engineSettings(await model, change), options);
  started.push(pool);
  return pool;
}

const run = (pool: EnginePool, id = 1, limitMilliseconds = limit) =>
  pool.run(sentence([id]), ["embedding"], limitMilliseconds);
const signal = (pid: number | undefined, name: NodeJS.Signals) => process.kill(pid as number, name);
const outcomes = async (batches: Promise<unknown>[]) =>
  (await Promise.allSettled(batches)).map((each) => (each.status === "rejected" ? each.reason.kind : "Answered"));

/** A clock that runs only by hand: notes the delays that were asked for. */
function manualTime() {
  const waiting: { milliseconds: number; then: () => void }[] = [];
  const after: After = (milliseconds, then) => {
    waiting.push({ milliseconds, then });
    return () => undefined;
  };
  return { after, waiting };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((pool) => pool.close(0)));
});

describe("an engine pool", () => {
  it("spreads batches over its instances and counts what is in flight", async () => {
    const pool = await startPool({ instances: 2 });
    const pids = childrenOf();
    for (const pid of pids) signal(pid, "SIGSTOP");
    const batches = [1, 2, 3].map((id) => run(pool, id));
    expect([pool.instances, pool.freeSlots(1), pool.freeSlots(2), pool.idleInstances()]).toEqual([2, 0, 1, 0]);
    for (const pid of pids) signal(pid, "SIGCONT");
    const answers = await Promise.all(batches);
    // The first numbers of rows 1, 2 and 3 of the table.
    expect(answers.map(({ outputs }) => floatsOf(outputs[0])[0])).toEqual([3, 5, 7]);
    expect([pool.freeSlots(1), pool.freeSlots(2), pool.idleInstances()]).toEqual([2, 4, 2]);
  });

  it("says when a slot may have become free", async () => {
    const pool = await startPool();
    const seen: number[] = [];
    pool.onChange(() => seen.push(pool.freeSlots(1)));
    await run(pool);
    expect(seen).toEqual([1]);
  });

  it("gives each instance CPUs of its own and reads them back", async () => {
    const usable = cpuInventory().usable.slice(0, 2);
    const pool = await startPool({ instances: usable.length, pinned: true }, { cpus: { usable, online: usable } });
    expect(pool.status().map(({ state, cpus }) => [state, cpus])).toEqual(usable.map((cpu) => ["Ready", String(cpu)]));
    expect(pool.pinning()).toBe("Pinned");
  });

  it("serves without pinning where processes cannot be bound", async () => {
    const pool = await startPool({ pinned: true }, { cpus: { usable: [4095], online: [4095] } });
    expect(pool.pinning()).toBe("Unavailable");
    expect((await run(pool)).outputs).toHaveLength(1);
  });

  it("lets running batches finish when it closes, takes no new ones and leaves no process", async () => {
    const pool = await startPool({ instances: 2 });
    const pids = childrenOf();
    const batch = run(pool);
    const closed = pool.close();
    await expect(run(pool)).rejects.toMatchObject({ kind: "Unavailable" });
    await closed;
    expect((await batch).outputs).toHaveLength(1);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(pool.status().map(({ state }) => state)).toEqual(["Stopped", "Stopped"]);
  });
});

describe("starting an engine pool", () => {
  it.each([
    ["a file that is no model", () => writeOnnx(Buffer.from("this is no model"))],
    ["a truncated model", () => writeOnnx(embeddingModel().subarray(0, 200))],
    ["a missing file", async () => "/no/such/model.onnx"],
  ])("rejects %s and leaves no process behind", async (_, file) => {
    const failure = createEnginePool(engineSettings(await file(), { instances: 2 }));
    await expect(failure).rejects.toMatchObject({ kind: "Rejected", message: /the engine refused the model: ./ });
    expect(childrenOf()).toEqual([]);
  });

  it("rejects a program that does not exist", async () => {
    const failure = startPool({}, { command: ["/no/such/program"] });
    await expect(failure).rejects.toMatchObject({ name: "EngineFailure", message: /did not start: .*ENOENT/ });
  });

  it("gives up on a process that never loads its model", async () => {
    const silent = [process.execPath, "-e", "setInterval(() => 0, 1000)"];
    const failure = startPool({ instances: 2 }, { command: silent, loadLimitMilliseconds: 200 });
    await expect(failure).rejects.toMatchObject({ kind: "Hung" });
    expect(childrenOf()).toEqual([]);
  });
});

describe("an engine pool whose process fails", () => {
  it("loses only the batches of the killed process, and replaces it", async () => {
    const pool = await startPool({ instances: 2 });
    const pids = childrenOf();
    for (const pid of pids) signal(pid, "SIGSTOP");
    const batches = [1, 2, 3, 4].map((id) => run(pool, id));
    signal(pids[0], "SIGKILL");
    signal(pids[1], "SIGCONT");
    expect((await outcomes(batches)).sort()).toEqual(["Answered", "Answered", "Crashed", "Crashed"]);
    await eventually(() => pool.idleInstances() === 2, "both instances were ready again");
    expect(pool.status().reduce((sum, { restarts }) => sum + restarts, 0)).toBe(1);
    expect((await run(pool, 3)).outputs).toHaveLength(1);
  });

  it("is killed in the middle of real work and serves on", async () => {
    const pool = await createEnginePool(engineSettings(ocrRecogniser()));
    started.push(pool);
    const [pid] = childrenOf();
    const shape = [8, 3, 48, 640];
    const data = new Uint8Array(8 * 3 * 48 * 640 * 4);
    const batch = pool.run([{ name: "x", datatype: "FP32", shape, data }], ["softmax_11.tmp_0"], limit);
    setTimeout(() => signal(pid, "SIGKILL"), 60);
    await expect(batch).rejects.toMatchObject({ kind: "Crashed" });
    await eventually(() => pool.idleInstances() === 1, "the instance was ready again");
  });

  it("replaces a process that hangs", async () => {
    const pool = await startPool();
    const [pid] = childrenOf();
    signal(pid, "SIGSTOP");
    await expect(run(pool, 1, 100)).rejects.toMatchObject({ kind: "Hung" });
    await expect(run(pool)).rejects.toMatchObject({ kind: "Unavailable" });
    await eventually(() => pool.idleInstances() === 1, "the instance was ready again");
    expect(isRunning(pid as number)).toBe(false);
    expect((await run(pool)).outputs).toHaveLength(1);
  });

  it("tells its listeners that a process was lost and that it is back", async () => {
    const pool = await startPool();
    const seen: string[] = [];
    pool.onChange(() => seen.push(pool.status()[0]?.state ?? ""));
    signal(childrenOf()[0], "SIGKILL");
    await eventually(() => seen.length === 2, "both changes were told");
    expect(seen).toEqual(["Restarting", "Ready"]);
  });

  it("waits longer after each failure in a row, and starts over after an answered batch", async () => {
    const { after, waiting } = manualTime();
    const pool = await startPool({}, { after });
    const crash = async (number: number) => {
      signal(childrenOf()[0], "SIGKILL");
      await eventually(() => waiting.length === number, "the restart was put off");
    };
    const restart = async () => {
      waiting.at(-1)?.then();
      await eventually(() => pool.idleInstances() === 1, "the instance was ready again");
    };
    await crash(1);
    await restart();
    await crash(2);
    await restart();
    await run(pool);
    await crash(3);
    expect(waiting.map(({ milliseconds }) => milliseconds)).toEqual([100, 200, 100]);
  });

  it("keeps the back-off below ten seconds", () => {
    expect([1, 2, 5, 8, 50].map(restartDelay)).toEqual([100, 200, 1600, 10_000, 10_000]);
  });

  it("starts nothing after it was closed", async () => {
    const { after, waiting } = manualTime();
    const pool = await startPool({}, { after });
    signal(childrenOf()[0], "SIGKILL");
    await eventually(() => waiting.length === 1, "the restart was put off");
    await pool.close();
    waiting[0]?.then();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(childrenOf()).toEqual([]);
    expect(pool.status()[0]?.state).toBe("Stopped");
  });

  it("replaces an idle engine that does not answer any more", async () => {
    const pool = await startPool({}, { watch: { everyMilliseconds: 20, answerMilliseconds: 200 } });
    signal(childrenOf()[0], "SIGSTOP");
    await eventually(
      () => pool.status()[0]?.restarts === 1 && pool.idleInstances() === 1,
      "a stopped engine was replaced",
    );
    expect(floatsOf((await run(pool)).outputs[0])[0]).toBe(3);
  });

  it("replaces an engine that holds more memory than the plan allows", async () => {
    const pool = await startPool({}, { watch: { everyMilliseconds: 20, answerMilliseconds: 10_000 } });
    const held = pool.status()[0]?.residentBytes ?? 0;
    expect(held).toBeGreaterThan(2 ** 20);
    const capped = { memoryMebibytesPerInstance: Math.floor(held / 2 ** 20 / 2) };
    await expect(startPool(capped)).rejects.toMatchObject({ kind: "Rejected", message: expect.stringMatching(/MiB/) });
  });

  it("says what runs the model", async () => {
    const [engine] = (await startPool()).status();
    expect(engine?.version).toMatch(/^ONNX Runtime \d+\.\d+/);
  });

  it("refuses an option that the engine does not know", async () => {
    const settings = { ...engineSettings(await model), options: { turbo: "1" } };
    await expect(createEnginePool(settings)).rejects.toMatchObject({ kind: "Rejected" });
  });

  it("hands options to the engine", async () => {
    const settings = { ...engineSettings(await model), options: { graphOptimizationLevel: "disabled" } };
    const pool = await createEnginePool(settings);
    started.push(pool);
    expect(floatsOf((await run(pool)).outputs[0])[0]).toBe(3);
  });
});

describe("a server that is killed", () => {
  it("takes its engines with it", async () => {
    const program = fileURLToPath(new URL("./create-pool.ts", import.meta.url));
    const settings = JSON.stringify(engineSettings(await model, { instances: 2 }));
    const script = `const { createEnginePool } = await import(${JSON.stringify(program)});
      await createEnginePool(${settings}); console.log("ready"); setInterval(() => 0, 1000);`;
    const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(server.stdout, "data");
    const engines = childrenOf(server.pid);
    expect(engines).toHaveLength(2);
    server.kill("SIGKILL");
    await eventually(() => !engines.some(isRunning), "the engines ended");
  });
});
