import { deflateRawSync } from "node:zlib";
import { apiVersion, type RecipeStep, sha256, type VariantRecipe } from "@sweetspot/crds";
import { variantBytes } from "../variant-bytes.ts";

/** A source "model" of FP32 weights and nothing else. */
export const sourceOf = (weights: readonly number[]): Uint8Array => new Uint8Array(new Float32Array(weights).buffer);

export const floatBytes = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);

/** A recipe that promises `result`, right or wrong. */
export function recipeOf(
  source: Uint8Array,
  result: Uint8Array,
  literals: readonly Uint8Array[],
  steps: readonly RecipeStep[],
): VariantRecipe {
  const bytes = Buffer.concat(literals);
  return {
    apiVersion,
    kind: "VariantRecipe",
    variant: "INT8Dynamic",
    source: { digest: sha256(source), bytes: source.length },
    result: { digest: sha256(result), bytes: result.length },
    literals: { bytes: bytes.length, deflated: deflateRawSync(bytes).toString("base64") },
    steps: [...steps],
  };
}

/** Follows a recipe in memory. */
export function follow(recipe: VariantRecipe, source: Uint8Array): Uint8Array {
  const read = (target: Uint8Array, offset: number) => target.set(source.subarray(offset, offset + target.length));
  return Buffer.concat(Array.from(variantBytes(recipe, read), (piece) => Uint8Array.from(piece)));
}
