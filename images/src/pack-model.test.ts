import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { packModel } from "./pack-model.ts";
import { runProgram } from "./run-program.ts";

const reference = "sweetspot.test/models/encoder:1";
const content = "a model ".repeat(100_000);
let folder: string;
let model: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-pack-"));
  vi.stubEnv("SWEETSPOT_CACHE", join(folder, "cache"));
  model = join(folder, "some model.onnx");
  await writeFile(model, content);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Reads an archive as a runtime does, checking size and digest of every blob on the way. */
async function readBack(archive: string) {
  const layout = join(folder, "layout");
  await runProgram("mkdir", [layout]);
  await runProgram("tar", ["--extract", "--file", archive, "--directory", layout]);
  const blob = async ({ digest, size }: Descriptor): Promise<string> => {
    const path = join(layout, "blobs", ...digest.split(":"));
    const bytes = await readFile(path);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(digest);
    expect(bytes.length).toBe(size);
    return path;
  };
  const json = async (descriptor: Descriptor) => JSON.parse(await readFile(await blob(descriptor), "utf8"));
  const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
  const manifest = await json(index.manifests[0]);
  return {
    names: index.manifests[0].annotations,
    config: await json(manifest.config),
    layer: await blob(manifest.layers[0]),
  };
}

describe("a packed model", () => {
  it("is an image that holds the files, readable by everybody, under its full name", async () => {
    await chmod(model, 0o600);
    const { archive } = await packModel({ files: { "model.onnx": model, "text/tokenizer.json": model }, reference });
    const { names, config, layer } = await readBack(archive);
    expect(Object.values(names)).toEqual([reference, reference]);
    expect(config).toMatchObject({ os: "linux", rootfs: { type: "layers" } });
    expect(await runProgram("tar", ["--extract", "--to-stdout", "--file", layer, "./model.onnx"])).toBe(content);
    const list = (await runProgram("tar", ["--list", "--verbose", "--file", layer])).trim().split("\n");
    expect(list.map((line) => [line.split(" ")[0], line.split(" ").at(-1)])).toEqual([
      ["drwxr-xr-x", "./"],
      ["-rw-r--r--", "./model.onnx"],
      ["drwxr-xr-x", "./text/"],
      ["-rw-r--r--", "./text/tokenizer.json"],
    ]);
  });

  it("has the same bytes whenever it is packed, and others when a file changes", async () => {
    const pack = async (cache: string) => {
      vi.stubEnv("SWEETSPOT_CACHE", join(folder, cache));
      return readFile((await packModel({ files: { "model.onnx": model }, reference })).archive);
    };
    const first = await pack("one");
    await utimes(model, 1, 1);
    expect(await pack("two")).toEqual(first);
    await writeFile(model, `${content}!`);
    expect(await pack("two")).not.toEqual(first);
  });

  it("is not packed again when nothing changed", async () => {
    const { archive } = await packModel({ files: { "model.onnx": model }, reference });
    await writeFile(archive, "mark");
    expect(await packModel({ files: { "model.onnx": model }, reference })).toEqual({ archive, reference });
    expect(await readFile(archive, "utf8")).toBe("mark");
  });

  it.each(["/model.onnx", "../model.onnx", "a/../../b", "", "a//b", "./a"])(
    "does not hold a file at %j",
    async (path) => {
      await expect(packModel({ files: { [path]: model }, reference })).rejects.toThrow(/not a path inside of an image/);
    },
  );

  it.each(["encoder", "encoder:1", "registry.example/encoder", "registry.example/Encoder:1"])(
    "is not named %s",
    async (name) => {
      await expect(packModel({ files: { "model.onnx": model }, reference: name })).rejects.toThrow(
        /not a full image name/,
      );
    },
  );

  it("leaves nothing behind when a file is missing", async () => {
    await expect(packModel({ files: { "model.onnx": join(folder, "none") }, reference })).rejects.toThrow(/none/);
    await expect(readFile(join(folder, "cache"))).rejects.toThrow();
  });
});
