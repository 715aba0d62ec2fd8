import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digitsModel } from "@sweetspot/test";
import { afterEach, beforeEach, expect, it } from "vitest";
import { recordCli } from "./testing/recorded-cli.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-export-"));
  process.env["SWEETSPOT_EXPORT_PYTHON"] = join(folder, "python");
});
afterEach(async () => {
  delete process.env["SWEETSPOT_EXPORT_PYTHON"];
  await rm(folder, { recursive: true, force: true });
});

it("sweetspot export says what it wrote, or what to do where it cannot", async () => {
  const out = join(folder, "model.onnx");
  expect(await recordCli(["export", folder, "--out", out])).toMatchObject({
    code: 3,
    error: expect.stringMatching(/setup\.mjs --for export/),
  });
  const answer = '{"state": "Ready", "message": "BertModel.", "versions": {"torch": "2.15.0"}}';
  await writeFile(join(folder, "python"), `#!/bin/sh\ncp '${digitsModel}' "$8"; echo '${answer}'\n`);
  await chmod(join(folder, "python"), 0o755);
  expect(await recordCli(["export", folder, "--out", out])).toMatchObject({
    code: 0,
    out: `BertModel. Wrote ${out} (torch 2.15.0).\n`,
  });
  expect(await recordCli(["export", join(folder, "none")])).toMatchObject({
    code: 3,
    error: expect.stringMatching(/There is no folder/),
  });
});
