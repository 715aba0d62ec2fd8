import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digitsModel } from "@sweetspot/test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportModel } from "./export-model.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "export-model-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Exports with an interpreter that does something else; `$8` is the output. */
async function exportWith(body: string, timeoutSeconds = 20) {
  const python = join(folder, "python");
  await writeFile(python, `#!/bin/sh\n${body}\n`);
  await chmod(python, 0o755);
  const variables = { ...process.env, SWEETSPOT_EXPORT_PYTHON: python };
  return exportModel(folder, join(folder, "out", "model.onnx"), { timeoutSeconds, variables });
}

const answer = (state: string) => `echo '{"state": "${state}", "message": "As it is.", "versions": {"torch": "2"}}'`;

describe("exporting a folder", () => {
  it("gives a model that can be read, with the versions of the tools", async () => {
    const exported = await exportWith(`cp '${digitsModel}' "$8"; ${answer("Ready")}`);
    expect(exported).toMatchObject({ message: "As it is.", versions: { torch: "2" } });
  });

  it.each([
    ["the tool's own words", answer("Failed"), /^As it is\.$/],
    [
      "a tool that has not what it needs",
      "echo \"No module named 'torch'\" >&2; exit 1",
      /--for export.*named 'torch'/,
    ],
    ["a file that is no model", `echo text > "$8"; ${answer("Ready")}`, /is not an ONNX model/],
  ])("fails with %s", (_, body, message) => expect(exportWith(body)).rejects.toThrow(message));

  it("fails when it takes too long, and where there is no environment for it", async () => {
    await expect(exportWith("sleep 30", 1)).rejects.toThrow(/longer than 1 s/);
    const variables = { SWEETSPOT_EXPORT_PYTHON: join(folder, "none") };
    await expect(exportModel(folder, join(folder, "a.onnx"), { timeoutSeconds: 5, variables })).rejects.toThrow(
      /--for export/,
    );
  });
});
