import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeMix } from "./request-mix.ts";
import { numberedMix } from "./testing/target-server.ts";

describe("the load program", () => {
  it("ends with its parent, even when the parent is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-test-"));
    const mix = join(folder, "mix");
    const pidFile = join(folder, "pid");
    await writeFile(mix, encodeMix(numberedMix(1)));
    const program = fileURLToPath(new URL("./load-process.ts", import.meta.url));
    const parent = spawn(process.execPath, [
      "-e",
      `const child = require("node:child_process").fork(${JSON.stringify(program)}, [${JSON.stringify(mix)}]);
       child.once("message", () => require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid)));`,
    ]);
    try {
      const pid = await eventually(async () => Number(await readFile(pidFile, "utf8")));
      parent.kill("SIGKILL");
      await eventually(async () => {
        if (isAlive(pid)) throw new Error("still alive");
        return true;
      });
      expect(isAlive(pid)).toBe(false);
    } finally {
      parent.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
