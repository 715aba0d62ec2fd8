import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packRecipe } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { describeModel, fileDigest, materialiseVariant } from "@sweetspot/sidecar";
import { minilmModel, ocrModels } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { synthesise } from "../inputs/synthesise.ts";
import { makeVariant } from "./make-variant.ts";
import { findPython } from "./python-environment.ts";
import { deriveRecipe } from "./recipe.ts";

const python = await findPython();
/** Each kind of INT8 once, each on a real model that is usually served so. */
const cases = [
  { name: "MiniLM", file: minilmModel(), variant: "INT8Dynamic" },
  { name: "recogniser", file: ocrModels.recogniser, variant: "INT8Static" },
] as const;
const available = cases.flatMap(({ file, ...rest }) => (file === null ? [] : [{ file, ...rest }]));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-real-recipe-"));
});
afterAll(() => rm(directory, { recursive: true }));

describe.skipIf(python === null)("real variants (skipped without the Python environment from set-up)", () => {
  it.each(available)(
    "$variant of $name comes out of its source and a small recipe, byte for byte",
    async ({ file, variant }) => {
      const made = await makeVariant(
        variant,
        { file, digest: await fileDigest(file) },
        {
          directory,
          calibration: synthesise(await describeModel(file), 4, seededRandom(1)).samples,
          timeoutSeconds: 200,
          memoryBytes: 8 * 2 ** 30,
          python,
          environment: { architecture: "x64", instructionSets: ["avx2"] },
          trial: { inputs: [], outputs: [] },
        },
      );
      if (made.state !== "Ready") throw new Error(made.message);
      const outcome = await deriveRecipe(file, made);
      if ("notTransportable" in outcome) throw new Error(outcome.notTransportable);
      const gzip = packRecipe(outcome.recipe);
      expect(gzip.length).toBeLessThan(160 * 1024);
      expect(gzip.length).toBeLessThan(0.05 * (await stat(made.file)).size);
      const recipe = join(directory, "recipe");
      await writeFile(recipe, gzip);
      const again = {
        variant,
        digest: made.digest,
        file: join(directory, `again-${variant}.onnx`),
        recipe,
        source: file,
      };
      await materialiseVariant(again);
      expect((await readFile(again.file)).equals(await readFile(made.file))).toBe(true);
    },
    240_000,
  );
});
