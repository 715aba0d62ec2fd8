import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-cache-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (text: string) => (path: string) => writeFile(path, text);

describe("the cache", () => {
  it("lies where the user says, else where the system says, else in the home folder", () => {
    expect(cacheFolder({ SWEETSPOT_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a/images");
    expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/sweetspot/images");
    expect(cacheFolder({})).toMatch(/\/\.cache\/sweetspot\/images$/);
  });

  it("makes a thing once", async () => {
    const path = join(folder, "deep", "thing");
    await cached(path, write("first"));
    await cached(path, write("second"));
    expect(await readFile(path, "utf8")).toBe("first");
  });

  it("gives a thing its name only when it is complete", async () => {
    const path = join(folder, "thing");
    const failing = cached(path, async (temporary) => {
      await writeFile(temporary, "half");
      throw new Error("disk full");
    });
    await expect(failing).rejects.toThrow("disk full");
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps one whole thing of two that are made at once", async () => {
    const path = join(folder, "thing");
    await Promise.all(["one", "two"].map((text) => cached(path, write(text))));
    expect(["one", "two"]).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["thing"]);
  });

  it("forgets what was used longest ago, of one kind only", async () => {
    for (const [index, name] of ["a-1", "a-2", "a-3", "b-1"].entries()) {
      await writeFile(join(folder, name), "");
      await utimes(join(folder, name), index, index);
    }
    await cached(join(folder, "a-1"), write("again"));
    await keepNewest(folder, "a-", 2);
    expect((await readdir(folder)).sort()).toEqual(["a-1", "a-3", "b-1"]);
  });

  it("tells contents apart that only their borders distinguish", () => {
    expect(keyOf("ab", "c")).not.toBe(keyOf("a", "bc"));
    expect(keyOf("ab", "c")).toBe(keyOf("ab", Buffer.from("c")));
  });
});
