import { readFileSync } from "node:fs";
import { parseDocument, ServingPlan } from "@sweetspot/crds";
import { expect, it } from "vitest";
import { podPlan } from "./pod-plan.ts";

const sample = new URL("../../../crds/samples/ServingPlan.json", import.meta.url);
const plan = parseDocument(ServingPlan, readFileSync(sample, "utf8"), "the sample");
const model = { file: "model.onnx" };

it("keeps the settings of the engine, which make a variant what it is", () => {
  const artifact = { ...plan.artifact, variant: "CTranslate2INT8", engine: "CTranslate2" } as const;
  const options = { compute_type: "int8" };
  const made = (change: object) =>
    podPlan({ ...plan, artifact: { ...artifact, ...change } }, "run", "name", model).artifact;
  expect(made({ options })).toMatchObject({ engine: "CTranslate2", options, recipe: { file: "recipe" } });
  expect(made({ variant: "Source", options })).toMatchObject({ variant: "Source", options });
  expect(made({})).not.toHaveProperty("options");
});
