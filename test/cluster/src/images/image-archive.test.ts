import { createHash } from "node:crypto";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../process/run.ts";
import { imageArchive } from "./image-archive.ts";
import { tar } from "./tar.ts";

test("writes archives that tar(1) reads, with content and mode", async () => {
  using temporary = mkdtempDisposableSync(join(tmpdir(), "sweetspot-tar-"));
  const folder = temporary.path;
  const entries = [
    { name: "empty", content: new Uint8Array() },
    { name: "deep/block", content: Buffer.alloc(512, "x") },
    { name: "run", content: Buffer.from("#!/bin/sh\n"), mode: 0o755 },
  ];
  writeFileSync(join(folder, "a.tar"), tar(entries));
  await run(["tar", "-xf", "a.tar"], { cwd: folder });
  for (const { name, content } of entries) expect(readFileSync(join(folder, name))).toEqual(Buffer.from(content));
  expect(await run(["tar", "-tvf", join(folder, "a.tar")])).toMatch(/^-rwxr-xr-x 0\/0 .* run$/m);
});

test("refuses a name that the format cannot hold", () => {
  expect(() => tar([{ name: "x".repeat(101), content: Buffer.alloc(1) }])).toThrow(/100 bytes/);
});

test("makes an OCI layout in which every digest holds and equal content gives equal bytes", async () => {
  const image = { reference: "sweetspot.test/x:1", files: [{ name: "note", content: Buffer.from("hello") }] };
  using temporary = mkdtempDisposableSync(join(tmpdir(), "sweetspot-oci-"));
  const folder = temporary.path;
  writeFileSync(join(folder, "image.tar"), imageArchive(image, "x64"));
  expect(imageArchive(image, "x64")).toEqual(imageArchive(image, "x64"));
  await run(["tar", "-xf", "image.tar"], { cwd: folder });
  const blob = (digest: string) => {
    const content = readFileSync(join(folder, "blobs", digest.replace(":", "/")));
    expect(`sha256:${createHash("sha256").update(content).digest("hex")}`).toBe(digest);
    return content;
  };
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  expect(index.manifests[0].annotations["org.opencontainers.image.ref.name"]).toBe("sweetspot.test/x:1");
  const manifest = JSON.parse(blob(index.manifests[0].digest).toString());
  expect(JSON.parse(blob(manifest.config.digest).toString())).toMatchObject({ architecture: "amd64", os: "linux" });
  expect(blob(manifest.layers[0].digest)).toEqual(tar(image.files));
});
