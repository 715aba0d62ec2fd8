import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { packRecipe, type RecipeStep, type VariantRecipe } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { putArtifact } from "../artifacts/artifact-store.ts";
import { loadPlan } from "../plan/load-plan.ts";
import { PlanError } from "../plan/plan-error.ts";
import { makeVariantFile, type VariantRequest } from "./make-file.ts";
import { materialiseVariant } from "./materialise.ts";
import { RecipeError } from "./recipe-error.ts";
import { floatBytes, recipeOf, sourceOf } from "./testing/recipes.ts";

const source = sourceOf([1, 2, 3, 4, 5, 6]);
const result = Buffer.from("head\u0001\u0002\u0003\u0004\u0005\u0006");
const steps: RecipeStep[] = [
  { op: "Literal", bytes: 4 },
  { op: "Quantize", offset: 0, elements: 6, channels: 1, stride: 6, type: "INT8", scales: 4, zeroPoints: 8 },
];
const recipe = recipeOf(source, result, [Buffer.from("head"), floatBytes(1), new Uint8Array(1)], steps);

let folder: string;
let request: VariantRequest;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweetspot-variant-"));
  await mkdir(join(folder, "variants"));
  await writeFile(join(folder, "source.onnx"), source);
  request = {
    variant: "INT8Dynamic",
    digest: recipe.result.digest,
    file: join(folder, "variants", "made.onnx"),
    recipe: join(folder, "recipe"),
    source: join(folder, "source.onnx"),
  };
  await writeRecipe(recipe);
});
afterEach(() => rm(folder, { recursive: true }));

const writeRecipe = (content: VariantRecipe) => writeFile(join(folder, "recipe"), packRecipe(content));
const files = () => readdir(join(folder, "variants"));

describe("making a variant's file", () => {
  it("gives the very bytes, and nothing else in the folder", async () => {
    await materialiseVariant(request);
    expect(await readFile(request.file)).toEqual(result);
    expect(await files()).toEqual(["made.onnx"]);
  });

  it("can be asked for many times at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => materialiseVariant(request)));
    expect(await files()).toEqual(["made.onnx"]);
  });

  it("removes what a process left behind that died, but not what may still be in the making", async () => {
    for (const name of ["old", "young"]) await writeFile(join(folder, "variants", `.made.onnx.part-${name}`), "");
    await utimes(join(folder, "variants", ".made.onnx.part-old"), 0, 0);
    await materialiseVariant(request);
    expect(await files()).toEqual([".made.onnx.part-young", "made.onnx"]);
  });

  const damaged = Buffer.from(source).fill(7, 23);
  it.each<[string, () => Promise<unknown> | undefined, RegExp]>([
    ["a missing source model", () => rm(request.source), /source model .* cannot be read/],
    ["a shorter source model", () => writeFile(request.source, source.subarray(4)), /has 20 bytes, but .* with 24/],
    ["another source model", () => writeFile(request.source, damaged), /has the digest .* made for one with sha256:/],
    ["a missing recipe", () => rm(request.recipe), /recipe cannot be read/],
    ["a recipe that is no gzip", () => writeFile(request.recipe, "{}"), /not a gzip/],
    ["a recipe that is none", () => writeFile(request.recipe, gzipSync("{}")), /The variant recipe is not valid/],
    [
      "a recipe too large for its way",
      () => writeFile(request.recipe, Buffer.alloc(2 ** 20 + 1)),
      /larger than 1048576/,
    ],
    [
      "a recipe that inflates without end",
      () => writeFile(request.recipe, gzipSync(Buffer.alloc(2 ** 25))),
      /inflates/,
    ],
    ["a recipe of another variant", () => writeRecipe({ ...recipe, variant: "INT8Static" }), /deliver plan and recipe/],
    [
      "a recipe of another file",
      () => writeRecipe({ ...recipe, result: { ...recipe.result, digest: `sha256:${"0".repeat(64)}` } }),
      /the plan asks for INT8Dynamic/,
    ],
    [
      "a recipe that promises too much",
      () =>
        writeRecipe({
          ...recipe,
          steps: [steps[0]!, { ...steps[1]!, offset: 4, elements: 5, stride: 5 } as RecipeStep],
        }),
      /The variant recipe is broken/,
    ],
    [
      "a recipe that gives other bytes",
      () => writeRecipe({ ...recipe, steps: [steps[0]!, { ...steps[1]!, corrections: [[0, 9]] } as RecipeStep] }),
      /does not give the file that it promises/,
    ],
    ["no folder to write into", () => rm(join(folder, "variants"), { recursive: true }), /folder of the variant/],
    ["a folder in the way", () => mkdir(join(request.file, "inside"), { recursive: true }), /cannot be made/],
  ])("is refused with %s, in a sentence without paths and without a trace", async (_, spoil, message) => {
    await spoil();
    const error = await makeVariantFile(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(folder);
    expect((await files().catch(() => [])).filter((name) => name !== "made.onnx")).toEqual([]);
  });
});

describe("a process that is killed", () => {
  /** Makes the file in a process of its own, which dies where it would do `what` for the first time. */
  async function dieAt(what: "writeSync" | "renameSync"): Promise<void> {
    const program = `
      import fs from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      const write = fs.writeSync;
      fs[${JSON.stringify(what)}] = (first, second) => {
        if (typeof first === "number") write(first, second.subarray(0, 2));
        process.kill(process.pid, "SIGKILL");
      };
      syncBuiltinESMExports();
      const { makeVariantFile } = await import(${JSON.stringify(new URL("./make-file.ts", import.meta.url).href)});
      await makeVariantFile(${JSON.stringify(request)});
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    expect((await once(child, "exit"))[1]).toBe("SIGKILL");
  }

  it.each([
    ["in the middle of the file", "writeSync", 2],
    ["before the file gets its name", "renameSync", result.length],
  ] as const)("%s leaves nothing under the final name, and the next one makes it", async (_, what, written) => {
    await dieAt(what);
    const [part] = await files();
    expect(part).toMatch(/^\.made\.onnx\.part-/);
    expect(await readFile(join(folder, "variants", part!))).toHaveLength(written);
    await materialiseVariant(request);
    expect(await readFile(request.file)).toEqual(result);
  });
});

describe("the thread", () => {
  it("hands back why the file cannot be made", async () => {
    await rm(request.source);
    const error = await materialiseVariant(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as Error).message).toMatch(/source model .* cannot be read/);
  });

  it("stands the largest recipe that can be parsed", async () => {
    const step = { ...steps[1], corrections: Array.from({ length: 8192 }, () => [0, 0]) };
    const bloated = { ...recipe, steps: [...steps, ...Array.from({ length: 80 }, () => step)] };
    await writeFile(request.recipe, packRecipe(bloated as VariantRecipe));
    await expect(materialiseVariant(request)).rejects.toThrow(/The variant recipe is broken/);
  });
});

describe("a plan with a recipe", () => {
  const plan = () => ({
    apiVersion: "sweetspot.dev/v1alpha1",
    kind: "ServingPlan",
    revision: "r1",
    modelName: "m",
    artifact: {
      variant: "INT8Dynamic",
      engine: "OnnxRuntime",
      file: "variants/made.onnx",
      digest: recipe.result.digest,
      recipe: { file: "recipe", source: "source.onnx" },
    },
    inputBounds: [],
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
    batching: {
      former: "Fifo",
      maximumRows: 1,
      maximumBatchMicroseconds: 1,
      holdMicroseconds: 0,
      windowRequests: 1,
      inFlightPerInstance: 1,
    },
    admission: { maximumQueuedRows: 1, maximumQueuedBytes: 1, refuseLate: false },
    serviceLevel: { percentile: "P99", latencyMilliseconds: 50 },
  });
  const store = () => join(folder, "store");
  const load = async (from: string | null = null, withRecipe = true) => {
    const { recipe: how, ...artifact } = plan().artifact;
    const written = { ...plan(), artifact: withRecipe ? { ...artifact, recipe: how } : artifact };
    await writeFile(join(folder, "plan.json"), JSON.stringify(written));
    return loadPlan(join(folder, "plan.json"), from);
  };
  const stored = () => join(store(), "sha256", recipe.result.digest.slice("sha256:".length));

  it.each([
    ["is missing", null],
    ["is damaged", "half a fi"],
  ])("makes its artifact where it %s", async (_, content) => {
    if (content !== null) await writeFile(request.file, content);
    expect((await load()).artifact).toMatchObject({ file: request.file, recipe: { source: request.source } });
    expect(await readFile(request.file)).toEqual(result);
  });

  it("needs neither recipe nor source where the artifact is there", async () => {
    await writeFile(request.file, result);
    for (const file of [request.recipe, request.source]) await rm(file);
    expect((await load()).artifact.file).toBe(request.file);
  });

  it("takes its artifact from the artifact store, and then needs neither recipe nor source", async () => {
    await putArtifact(store(), recipe.result.digest, () => Readable.from([result]));
    for (const file of [request.recipe, request.source]) await rm(file);
    await load(store());
    expect(await readFile(request.file)).toEqual(result);
    await rm(request.file);
    await load(store(), false);
    expect(await readFile(request.file)).toEqual(result);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["is missing in the store", () => mkdir(join(store(), "sha256"), { recursive: true })],
    [
      "was changed in the store",
      () =>
        putArtifact(store(), recipe.result.digest, () => Readable.from([result])).then(() =>
          writeFile(stored(), "changed"),
        ),
    ],
    ["should be in a store that is not there", async () => undefined],
  ])("follows its recipe where the artifact %s", async (_, prepare) => {
    await prepare();
    await load(store());
    expect(await readFile(request.file)).toEqual(result);
  });

  it("is refused where it has no recipe and the store no artifact, with what is wrong and no path", async () => {
    const error = await load(store(), false).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PlanError);
    expect((error as Error).message).toMatch(/is missing.*artifact store: it is not there/);
    expect((error as Error).message).not.toContain(folder);
  });

  it("is refused as a plan where the recipe cannot be followed", async () => {
    await rm(request.source);
    await expect(load()).rejects.toThrow(PlanError);
    await expect(load()).rejects.toThrow(/source model/);
  });
});
