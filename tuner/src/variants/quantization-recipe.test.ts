import { describe, expect, it } from "vitest";
import type { Sample } from "../inputs/sample.ts";
import { spacedSamples } from "./calibration-file.ts";
import { quantizationRecipe, recipeDigest } from "./quantization-recipe.ts";

const samples: Sample[] = Array.from({ length: 200 }, (_, index) => ({
  inputs: [{ name: "x", datatype: "UINT8", shape: [1, 1], data: Uint8Array.of(index) }],
  length: 1,
  label: null,
}));
const zen3 = { architecture: "x64", instructionSets: ["avx2", "fma"] };
const zen4 = { architecture: "x64", instructionSets: ["avx2", "avx512f", "avx512_vnni"] };
const graviton = { architecture: "arm64", instructionSets: ["asimd", "asimddp"] };

describe("a recipe", () => {
  it("keeps weights to 7 bits only where 8-bit products saturate", () => {
    const reduced = [zen3, zen4, graviton].map((cpu) => quantizationRecipe("INT8Dynamic", cpu, []).reduceRange);
    expect(reduced).toEqual([true, false, false]);
  });

  it("takes the activations that the CPU's kernels prefer", () => {
    const forms = [zen3, graviton].map((cpu) => quantizationRecipe("INT8Static", cpu, samples).activations);
    expect(forms).toEqual(["uint8", "int8"]);
  });

  it("calibrates with samples from all over the set, and a dynamic one with none", () => {
    const { calibration } = quantizationRecipe("INT8Static", zen4, samples);
    expect(calibration).toHaveLength(64);
    expect(calibration.at(-1)?.inputs[0]?.data[0]).toBeGreaterThan(190);
    expect(new Set(calibration).size).toBe(64);
    expect(quantizationRecipe("INT8Dynamic", zen4, samples).calibration).toEqual([]);
    expect(spacedSamples(samples.slice(0, 5), 64)).toEqual(samples.slice(0, 5));
  });

  it("has another digest for another source, tool or calibration", () => {
    const recipe = quantizationRecipe("INT8Static", zen4, samples);
    const digests = [
      recipeDigest(recipe, "sha256:a", { onnx: "1" }),
      recipeDigest(recipe, "sha256:b", { onnx: "1" }),
      recipeDigest(recipe, "sha256:a", { onnx: "2" }),
      recipeDigest(quantizationRecipe("INT8Static", zen4, samples.slice(1)), "sha256:a", { onnx: "1" }),
      recipeDigest(quantizationRecipe("INT8Static", zen3, samples), "sha256:a", { onnx: "1" }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(recipeDigest(quantizationRecipe("INT8Static", zen4, samples), "sha256:a", { onnx: "1" })).toBe(digests[0]);
  });
});
