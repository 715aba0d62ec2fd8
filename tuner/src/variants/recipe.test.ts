import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packRecipe, type RecipeStep, sha256, type VariantRecipe } from "@sweetspot/crds";
import { normal, seededRandom } from "@sweetspot/planner";
import { variantBytes } from "@sweetspot/sidecar";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { floatTensor, type OnnxTensor, onnxModel } from "../../../test/src/builders/onnx-model.ts";
import { deriveRecipe, type RecipeOutcome } from "./recipe.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-recipe-"));
});
afterEach(() => rm(directory, { recursive: true }));

const modelWith = (...initializers: OnnxTensor[]): Uint8Array =>
  onnxModel({
    inputs: [{ name: "x", type: "FP32", shape: ["n"] }],
    outputs: [{ name: "y", type: "FP32", shape: ["n"] }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
    initializers,
  });

async function derive(source: Uint8Array, made: Uint8Array, gzipBytes = 512 * 1024): Promise<RecipeOutcome> {
  const [from, file] = ["source.onnx", "made.onnx"].map((name) => join(directory, name)) as [string, string];
  await writeFile(from, source);
  await writeFile(file, made);
  return deriveRecipe(from, { file, digest: sha256(made), variant: "INT8Static" }, { gzipBytes });
}

function recipeIn(outcome: RecipeOutcome): VariantRecipe {
  if ("notTransportable" in outcome) throw new Error(outcome.notTransportable);
  return outcome.recipe;
}

function follow(recipe: VariantRecipe, source: Uint8Array): Uint8Array {
  const read = (target: Uint8Array, offset: number) => target.set(source.subarray(offset, offset + target.length));
  return Buffer.concat(Array.from(variantBytes(recipe, read), (piece) => Uint8Array.from(piece)));
}

/** The computing steps of a recipe that gives `made` again. */
async function stepsOf(source: Uint8Array, made: Uint8Array): Promise<Exclude<RecipeStep, { op: "Literal" }>[]> {
  const recipe = recipeIn(await derive(source, made));
  expect(sha256(follow(recipe, source))).toBe(sha256(made));
  return recipe.steps.filter((step) => step.op !== "Literal");
}

const int8 = (name: string, dims: readonly number[], values: Iterable<number>): OnnxTensor => ({
  name,
  type: "INT8",
  dims,
  data: new Uint8Array(Int8Array.from(values).buffer),
});

/** Numpy's `rint`, written without the product's trick. */
function rint(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const clip = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Like a layer's weights. */
function normalWeights(count: number, seed = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => 0.1 * normal(random));
}

const [rows, columns] = [48, 32];
const weights = normalWeights(rows * columns);
const dims = [rows, columns];
const source = modelWith(floatTensor("w", dims, [...weights]));

describe("a recipe finds again", () => {
  it("tensors that were only moved and renamed", async () => {
    const made = modelWith(floatTensor("other", dims, [...weights]));
    expect(await stepsOf(source, made)).toMatchObject([{ op: "Copy", bytes: 4 * rows * columns }]);
  });

  it("tensors that were transposed", async () => {
    const turned = Array.from(weights, (_, index) => weights[(index % rows) * columns + Math.floor(index / rows)]!);
    const steps = await stepsOf(source, modelWith(floatTensor("t", [columns, rows], turned)));
    expect(steps).toMatchObject([{ op: "Multiply", columns, channels: 1 }]);
  });

  it("weights with a normalization folded in", async () => {
    const factors = normalWeights(rows, 2);
    const folded = Array.from(weights, (weight, index) => Math.fround(weight * factors[Math.floor(index / columns)]!));
    const steps = await stepsOf(source, modelWith(floatTensor("folded", dims, folded)));
    expect(steps).toEqual([expect.objectContaining({ op: "Multiply", channels: rows, stride: columns })]);
    expect(steps[0]).not.toHaveProperty("corrections");
  });

  it.each([
    ["one scale", 1, () => 0],
    ["a scale for each row", rows, (index: number) => Math.floor(index / columns)],
    ["a scale for each column", columns, (index: number) => index % columns],
  ])("symmetric INT8 with %s, which is taken from the variant itself", async (_, channels, channelOf) => {
    const scales = Array.from({ length: channels }, () => 0);
    for (const [index, weight] of weights.entries()) {
      scales[channelOf(index)] = Math.max(scales[channelOf(index)]!, Math.fround(Math.abs(weight) / 127));
    }
    const quantized = Array.from(weights, (weight, index) => rint(Math.fround(weight / scales[channelOf(index)]!)));
    const made = modelWith(int8("q", dims, quantized), floatTensor("s", [channels], scales));
    const recipe = recipeIn(await derive(source, made));
    expect(recipe.steps.filter(({ op }) => op === "Quantize")).toMatchObject([{ type: "INT8", channels }]);
    // What is not derived: the graph, the scales, and one zero point a channel. No second copy of the scales.
    expect(recipe.literals.bytes).toBe(made.length - rows * columns + channels);
    expect(sha256(follow(recipe, source))).toBe(sha256(made));
  });

  it("UINT8 with a zero point", async () => {
    const [low, high] = [Math.min(...weights), Math.max(...weights)];
    const scale = Math.fround((high - low) / 255);
    const zero = rint(-low / scale);
    const data = Uint8Array.from(weights, (weight) => clip(rint(Math.fround(weight / scale)) + zero, 0, 255));
    const steps = await stepsOf(source, modelWith({ name: "q", type: "UINT8", dims, data }));
    expect(steps).toMatchObject([{ op: "Quantize", type: "UINT8", channels: 1 }]);
  });

  it("INT8 of weights with a normalization folded in, of which nothing else is left", async () => {
    const factors = normalWeights(rows, 3);
    const quantized = Array.from(weights, (weight, index) => {
      const row = Math.floor(index / columns);
      const scale = Math.fround(Math.abs(factors[row]!) * 0.003);
      return clip(rint(Math.fround(Math.fround(weight * factors[row]!) / scale)), -128, 127);
    });
    const steps = await stepsOf(source, modelWith(int8("q", dims, quantized)));
    expect(steps).toMatchObject([{ op: "Quantize", channels: rows, stride: columns }]);
  });

  it("INT8 of transposed weights", async () => {
    const turned = Array.from(weights, (_, index) => weights[(index % rows) * columns + Math.floor(index / rows)]!);
    const made = modelWith(
      int8(
        "q",
        [columns, rows],
        turned.map((weight) => rint(weight * 200)),
      ),
    );
    expect(await stepsOf(source, made)).toMatchObject([{ op: "Quantize", columns, channels: 1 }]);
  });

  it("INT8 in which a few elements are not what they should be", async () => {
    const quantized = Array.from(weights, (weight) => rint(Math.fround(weight / Math.fround(0.01))));
    const scale = floatTensor("s", [1], [0.01]);
    for (const index of [0, 700, rows * columns - 1]) quantized[index] = (quantized[index] ?? 0) + 5;
    const steps = await stepsOf(source, modelWith(int8("q", dims, quantized), scale));
    expect(steps).toMatchObject([
      {
        op: "Quantize",
        corrections: [
          [0, quantized[0]! & 255],
          [700, quantized[700]! & 255],
          [1535, quantized[1535]! & 255],
        ],
      },
    ]);
  });
});

describe("whatever the variant", () => {
  const anyTensor = fc.oneof(
    fc
      .uint8Array({ minLength: 256, maxLength: 600 })
      .map((data): OnnxTensor => ({ name: "u", type: "UINT8", dims: [data.length / 1, 1], data })),
    fc
      .array(fc.float(), { minLength: 64, maxLength: 300 })
      .map((values) => floatTensor("f", [values.length, 1], values)),
    fc
      .tuple(fc.float({ min: Math.fround(1e-4), max: 1, noNaN: true }), fc.integer({ min: -20, max: 20 }))
      .map(([scale, zero]) =>
        int8(
          "q",
          dims,
          Array.from(weights, (weight) => clip(rint(Math.fround(weight / scale)) + zero, -128, 127)),
        ),
      ),
  );

  it("the recipe gives the very bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTensor, { maxLength: 4 }), async (tensors) => {
        const made = modelWith(...tensors);
        expect(sha256(follow(recipeIn(await derive(source, made)), source))).toBe(sha256(made));
      }),
      { numRuns: 40 },
    );
  });
});

describe("a variant is not transportable", () => {
  const noise = fc.sample(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), { numRuns: 1, seed: 5 })[0]!;
  const strange = modelWith({ name: "noise", type: "UINT8", dims: [64, 64], data: noise });

  it("when its recipe is too large; the reason names the tensor", async () => {
    expect(packRecipe(recipeIn(await derive(source, strange))).length).toBeGreaterThan(3000);
    const outcome = await derive(source, strange, 3000);
    expect(outcome).toEqual({
      notTransportable: expect.stringMatching(
        /^INT8Static needs an artifact store to be served elsewhere: its recipe has \d KiB where 3 KiB fit; .* tensor noise\.$/,
      ),
    });
  });

  it("when a model keeps weights in other files", async () => {
    // TensorProto: FP32 with data_location EXTERNAL, as an initializer of a graph.
    const external = Buffer.from([0x3a, 6, 0x2a, 4, 0x10, 1, 0x70, 1]);
    for (const [from, made] of [
      [external, source],
      [source, external],
    ] as const) {
      expect(await derive(from, made)).toMatchObject({ notTransportable: expect.stringContaining("files beside it") });
    }
  });

  it("when its file is another one, gone, or no model", async () => {
    const other = await derive(source, source);
    const file = join(directory, "made.onnx");
    const subject = { file, digest: recipeIn(other).result.digest, variant: "INT8Static" } as const;
    for (const spoil of [() => writeFile(file, "no model"), () => rm(file)]) {
      await spoil();
      expect(await deriveRecipe(join(directory, "source.onnx"), subject)).toHaveProperty("notTransportable");
    }
    expect(await derive(source, Buffer.from("no model"))).toHaveProperty("notTransportable");
  });
});
