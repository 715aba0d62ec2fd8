import { readFile, stat } from "node:fs/promises";
import { engineAndVariant, engineOf, engineOptionsOf, sha256 } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { cTranslate2, describeModel, findEngine, synthesiseRow } from "@sweetspot/sidecar";
import { minilmModel, minilmTensors } from "@sweetspot/test";
import { describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { cTranslate2Variant } from "./ctranslate2-variant.ts";
import type { VariantOutcome } from "./make-variant.ts";

const minilm = minilmModel();
const installed = (await findEngine(cTranslate2)) !== null;

async function outcomeOf(file: string, output: string): Promise<VariantOutcome> {
  const source = { file, digest: sha256(await readFile(file)) };
  const inputs = synthesiseRow(await describeModel(file), 8, seededRandom(1));
  const { size } = await stat(file);
  return cTranslate2Variant("CTranslate2INT8", source, size, { inputs, outputs: [output] });
}

describe("the source model on CTranslate2", { timeout: 60_000 }, () => {
  it.skipIf(!installed || minilm === null)(
    "is ready where it is an encoder whose outputs the engine can give",
    async () => {
      const outcome = await outcomeOf(minilm as string, minilmTensors.embedding);
      expect(outcome).toMatchObject({ state: "Ready", variant: "CTranslate2INT8", file: minilm });
      expect(outcome.message).toMatch(/8 bits, computed by CTranslate2 \d/);
    },
  );

  it.skipIf(!installed)("does not apply to another model, and says why", async () => {
    expect(await outcomeOf(await writeOnnx(embeddingModel()), "embedding")).toMatchObject({
      state: "NotApplicable",
      message: expect.stringMatching(/cannot compute it: .*not a BERT encoder: /),
    });
  });

  it("does not apply where it is not installed, and says what to do", async () => {
    const before = process.env["SWEETSPOT_PYTHON"];
    process.env["SWEETSPOT_PYTHON"] = "/nowhere/python";
    try {
      expect(await outcomeOf(await writeOnnx(embeddingModel()), "embedding")).toMatchObject({
        state: "NotApplicable",
        message: expect.stringMatching(/not installed.*npm run setup/),
      });
    } finally {
      if (before === undefined) delete process.env["SWEETSPOT_PYTHON"];
      else process.env["SWEETSPOT_PYTHON"] = before;
    }
  });

  it("goes by the name of its engine, with the settings that make it what it is", () => {
    expect(["CTranslate2", "CTranslate2INT8"].map(engineOf)).toEqual(["CTranslate2", "CTranslate2"]);
    expect(["CTranslate2", "CTranslate2INT8"].map(engineAndVariant)).toEqual([
      "CTranslate2 Source",
      "CTranslate2 INT8",
    ]);
    expect(engineOptionsOf("CTranslate2")).toBeUndefined();
    expect(engineOptionsOf("CTranslate2INT8")).toEqual({ compute_type: "int8" });
    expect(engineOptionsOf("INT8Static")).toBeUndefined();
  });
});
