import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { withoutCluster } from "../testing/host.ts";
import { leftovers } from "../testing/leftovers.ts";
import { removeCluster } from "./down.ts";
import { localProvider } from "./provider.ts";
import { clusterNames, readRecord } from "./record.ts";

const name = "e2e-crash";
const other = "e2e-crash-two";
const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const owner = fileURLToPath(new URL("../testing/short-lived-owner.ts", import.meta.url));

afterAll(async () => {
  await removeCluster(name);
  await removeCluster(other);
}, 60_000);

/** Starts `up` and kills it `milliseconds` after it has written its record. */
async function killedUp(milliseconds: number): Promise<void> {
  const child = spawn(process.execPath, [main, "up", "--name", name, "--nodes", "2"], { stdio: "ignore" });
  const closed = once(child, "close");
  while (readRecord(name) === null && child.exitCode === null) await sleep(2);
  await sleep(milliseconds);
  child.kill("SIGKILL");
  await closed;
}

for (const milliseconds of [0, 20, 60, 120, 400, 2000, 5000]) {
  test.skipIf(withoutCluster)(
    `leaves nothing when \`up\` is killed ${milliseconds} ms after its first record`,
    async () => {
      await killedUp(milliseconds);
      const record = readRecord(name);
      expect(await removeCluster(name)).toBe(true);
      if (record === null) throw new Error("no record");
      expect(await leftovers(record)).toEqual([]);
      expect(clusterNames()).not.toContain(name);
    },
    60_000,
  );
}

test.skipIf(withoutCluster)(
  "goes with the process that made it, even where that is killed",
  async () => {
    const child = spawn(process.execPath, [owner, name], { stdio: "ignore" });
    const closed = once(child, "close");
    while (readRecord(name)?.phase !== "starting" && child.exitCode === null) await sleep(2);
    const record = readRecord(name);
    child.kill("SIGKILL");
    await closed;
    await expect.poll(clusterNames, { timeout: 40_000, interval: 100 }).not.toContain(name);
    if (record === null) throw new Error("no record");
    expect(await leftovers(record)).toEqual([]);
  },
  60_000,
);

test.skipIf(withoutCluster)(
  "makes a cluster over a half-made one, beside another",
  async () => {
    await killedUp(500);
    const [first, second] = await Promise.all([
      localProvider.create({ name, nodes: 1 }),
      localProvider.create({ name: other, nodes: 1 }),
    ]);
    await first.kubectl("create", "configmap", "mine");
    expect((await second.kubectl.attempt("get", "configmap", "mine")).code).not.toBe(0);
    await second.down();
    expect(await first.kubectl("get", "nodes")).toContain("node1");
  },
  120_000,
);

test.skipIf(withoutCluster)(
  "refuses to work on a cluster that another command makes",
  async () => {
    const child = spawn(process.execPath, [main, "up", "--name", name], { stdio: "ignore" });
    const closed = once(child, "close");
    while (readRecord(name)?.phase !== "starting" && child.exitCode === null) await sleep(2);
    await expect(removeCluster(name)).rejects.toThrow(/Another command holds/);
    const [code] = await closed;
    expect(code).toBe(0);
  },
  90_000,
);
