import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonCandidates } from "@sweetspot/sidecar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython } from "./python-environment.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "python-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the Python environment", () => {
  it("is the one that SWEETSPOT_PYTHON names, and no other", () => {
    expect(pythonCandidates({ SWEETSPOT_PYTHON: "/opt/python", SWEETSPOT_CACHE: "/cache" }, "/home/a")).toEqual([
      "/opt/python",
    ]);
  });

  it("is looked for in the named cache, else in the checkout and the user's", () => {
    expect(pythonCandidates({ SWEETSPOT_CACHE: "/cache" }, "/home/a")).toEqual(["/cache/python/bin/python"]);
    const [checkout, user] = pythonCandidates({}, "/home/a");
    expect(checkout).toMatch(/\.cache\/python\/bin\/python$/);
    expect(user).toBe("/home/a/.cache/sweetspot/python/bin/python");
  });

  it("is none where nothing is there", async () => {
    expect(await findPython({ SWEETSPOT_PYTHON: join(folder, "missing") })).toBeNull();
    expect(await findPython({ SWEETSPOT_CACHE: folder })).toBeNull();
  });

  it.each(["exit 1", "echo no json", "kill -9 $$"])("is none where the interpreter does `%s`", async (line) => {
    const fake = join(folder, "fake");
    await writeFile(fake, `#!/bin/sh\n${line}\n`);
    await chmod(fake, 0o755);
    expect(await findPython({ SWEETSPOT_PYTHON: fake })).toBeNull();
  });
});
