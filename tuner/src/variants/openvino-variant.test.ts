import { readFile } from "node:fs/promises";
import { engineAndVariant, engineOf, sha256 } from "@sweetspot/crds";
import { findEngine, openVino } from "@sweetspot/sidecar";
import { describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { openVinoVariant } from "./openvino-variant.ts";

const file = await writeOnnx(embeddingModel());
const source = { file, digest: sha256(await readFile(file)) };

const installed = (await findEngine(openVino)) !== null;

describe("the source model on OpenVINO", () => {
  it.skipIf(!installed)("is ready as it is where OpenVINO is installed", async () => {
    const outcome = await openVinoVariant(source, 7);
    expect(outcome).toMatchObject({ state: "Ready", variant: "OpenVino", ...source, bytes: 7 });
    expect(outcome.message).toMatch(/OpenVINO \d/);
  });

  it("does not apply where it is not, and says what to do", async () => {
    const before = process.env["SWEETSPOT_PYTHON"];
    process.env["SWEETSPOT_PYTHON"] = "/nowhere/python";
    try {
      const outcome = await openVinoVariant(source, 7);
      expect(outcome).toMatchObject({
        state: "NotApplicable",
        message: expect.stringMatching(/not installed.*npm run setup/),
      });
    } finally {
      if (before === undefined) delete process.env["SWEETSPOT_PYTHON"];
      else process.env["SWEETSPOT_PYTHON"] = before;
    }
  });

  it("goes by the name of its engine", () => {
    expect([engineOf("OpenVino"), engineAndVariant("OpenVino")]).toEqual(["OpenVino", "OpenVino Source"]);
    expect([engineOf("INT8Static"), engineAndVariant("INT8Static")]).toEqual(["OnnxRuntime", "OnnxRuntime INT8Static"]);
  });
});
