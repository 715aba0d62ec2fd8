import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputError, openOutputDirectory, writeDocument } from "./output-directory.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-output-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the folder for results", () => {
  it("is made when it is not there, and left empty", async () => {
    await openOutputDirectory(join(folder, "a", "b"));
    expect(await readdir(join(folder, "a", "b"))).toEqual([]);
  });

  it("is refused with a sentence when a file is in the way", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(openOutputDirectory(join(folder, "file", "out"))).rejects.toThrow(/Cannot write .* is a file/);
    await expect(openOutputDirectory(join(folder, "file"))).rejects.toThrow(OutputError);
  });

  it("replaces a document as a whole and leaves nothing beside it", async () => {
    await writeDocument(folder, "plan.json", { revision: 1 });
    await writeDocument(folder, "plan.json", { revision: 2 });
    expect(JSON.parse(await readFile(join(folder, "plan.json"), "utf8"))).toEqual({ revision: 2 });
    expect(await readdir(folder)).toEqual(["plan.json"]);
  });

  it("keeps the old document when the new one cannot be written", async () => {
    await expect(writeDocument(join(folder, "missing"), "plan.json", {})).rejects.toThrow(OutputError);
  });
});
