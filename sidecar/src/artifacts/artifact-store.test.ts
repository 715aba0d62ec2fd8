import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { sha256 } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArtifactError, putArtifact, takeArtifact } from "./artifact-store.ts";

const bytes = Buffer.from("weights ".repeat(40_000));
const digest = sha256(bytes);

let folder: string;
let store: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-store-"));
  store = join(folder, "store", "reviews");
  file = join(folder, "pod", "model.onnx");
});
afterEach(() => rm(folder, { recursive: true }));

const content = () => Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]);
const place = () => join(store, "sha256", digest.slice("sha256:".length));

describe("an artifact store", () => {
  it("gives back what was put there, and holds it under its digest alone", async () => {
    await putArtifact(store, digest, content);
    await takeArtifact(store, digest, file);
    expect(await readFile(file)).toEqual(bytes);
    expect(await readdir(join(store, "sha256"))).toEqual([digest.slice("sha256:".length)]);
    expect(await readdir(join(folder, "pod"))).toEqual(["model.onnx"]);
  });

  it("leaves alone what is there and whole, and mends what is not", async () => {
    await putArtifact(store, digest, content);
    const notNeeded = () => expect.fail("read again");
    await putArtifact(store, digest, notNeeded);
    await writeFile(place(), "half a fi");
    await putArtifact(store, digest, content);
    expect(await readFile(place())).toEqual(bytes);
  });

  it("takes the same thing from many at once", async () => {
    await Promise.all(Array.from({ length: 5 }, () => putArtifact(store, digest, content)));
    expect(await readFile(place())).toEqual(bytes);
    expect(await readdir(join(store, "sha256"))).toHaveLength(1);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["is missing", async () => undefined, /not there/],
    ["has another content", () => writeFile(place(), "tampered with"), /has the digest sha256:/],
    ["is no file", () => mkdir(place()), /no file/],
  ])("gives nothing that %s, and leaves what the reader had", async (_, prepare, reason) => {
    await mkdir(join(store, "sha256"), { recursive: true });
    await mkdir(join(folder, "pod"));
    await writeFile(file, "before");
    await prepare();
    const error = await takeArtifact(store, digest, file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArtifactError);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).not.toContain(folder);
    expect(await readFile(file, "utf8")).toBe("before");
    expect(await readdir(join(folder, "pod"))).toEqual(["model.onnx"]);
  });

  it("does not keep what is not what it is called", async () => {
    await expect(putArtifact(store, sha256("other"), content)).rejects.toThrow(/has the digest/);
    expect(await readdir(join(store, "sha256"))).toEqual([]);
  });

  it("says why it cannot be written", async () => {
    await writeFile(join(folder, "store"), "a file");
    await expect(putArtifact(store, digest, content)).rejects.toThrow(/a part of the path is a file/);
  });
});
