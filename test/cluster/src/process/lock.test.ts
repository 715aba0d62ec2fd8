import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { lockFile } from "./lock.ts";

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), "sweetspot-lock-"));

test("is held by one at a time, and the next waits", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "lock");
  const first = await lockFile(file);
  await expect(lockFile(file, { wait: false })).rejects.toThrow(/Another command holds/);
  let waited = false;
  const second = lockFile(file, { onWait: () => (waited = true) });
  await expect.poll(() => waited).toBe(true);
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
});

test("is free again when its holder is killed", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "lock");
  const module = JSON.stringify(fileURLToPath(new URL("./lock.ts", import.meta.url)));
  const program = `const { lockFile } = await import(${module});
    await lockFile(${JSON.stringify(file)}); console.log("held"); setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", program]);
  await once(holder.stdout, "data");
  await expect(lockFile(file, { wait: false })).rejects.toThrow();
  holder.kill("SIGKILL");
  await using _lock = await lockFile(file);
});
