import { mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@sweetspot/crds";
import { afterAll, describe, expect, it } from "vitest";
import { fileDigest, knownDigest } from "./file-digest.ts";
import { PlanError } from "./plan-error.ts";

const folder = await mkdtemp(join(tmpdir(), "sweetspot-digest-"));
afterAll(() => rm(folder, { recursive: true }));
const file = join(folder, "model.onnx");
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("the digest of a file that is asked for again", () => {
  it("is that of what the file holds now, also where size and time stamp are those of before", async () => {
    await writeFile(file, "one");
    // As a model that has been there for a while.
    await pause(1100);
    const { atime, mtime } = await stat(file);
    expect(await knownDigest(file)).toBe(sha256("one"));
    expect(await knownDigest(file)).toBe(sha256("one"));
    await writeFile(file, "two");
    await utimes(file, atime, mtime);
    expect(await knownDigest(file)).toBe(sha256("two"));
    await writeFile(file, "six");
    await utimes(file, atime, mtime);
    expect(await knownDigest(file)).toBe(sha256("six"));
  });

  it("costs no reading while the file stays as it is", async () => {
    const large = join(folder, "large.onnx");
    await writeFile(large, Buffer.alloc(64 * 2 ** 20, 7));
    await pause(1100);
    const timed = async (digest: typeof knownDigest) => {
      const start = performance.now();
      await digest(large);
      return performance.now() - start;
    };
    await knownDigest(large);
    const [read, known] = [await timed(fileDigest), await timed(knownDigest)];
    expect(known).toBeLessThan(read / 2);
  });

  it("is refused for a file that went away", async () => {
    await rm(file);
    await expect(knownDigest(file)).rejects.toThrow(PlanError);
  });
});
