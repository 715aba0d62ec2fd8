import { digestOf, type Environment, type VariantName } from "@sweetspot/crds";
import { hasIntegerDotProduct } from "../environment/cpu-info.ts";
import { type Sample, sampleSet } from "../inputs/sample.ts";
import { spacedSamples } from "./calibration-file.ts";

/** The ranges of activations settle long before; more samples only take time. */
const mostCalibrationSamples = 64;
/** Raised whenever quantize.py makes something else of the same question. */
const revision = 1;

/** Everything that decides what comes out of a quantization. */
export interface QuantizationRecipe {
  readonly mode: "dynamic" | "static";
  /** 7-bit weights: x86 without VNNI adds pairs of 8-bit products in 16 bits, which saturate. */
  readonly reduceRange: boolean;
  /** Which form of activations has the faster kernels. */
  readonly activations: "uint8" | "int8";
  /** Empty for dynamic quantization. */
  readonly calibration: readonly Sample[];
}

/** Chooses how to quantize for this CPU, after onnxruntime's own advice (docs of `quantize_static`). */
export function quantizationRecipe(
  variant: Exclude<VariantName, "Source">,
  environment: Pick<Environment, "architecture" | "instructionSets">,
  calibration: readonly Sample[],
): QuantizationRecipe {
  const mode = variant === "INT8Static" ? "static" : "dynamic";
  const x86 = environment.architecture === "x64";
  return {
    mode,
    reduceRange: x86 && !hasIntegerDotProduct(environment.instructionSets),
    activations: x86 ? "uint8" : "int8",
    calibration: mode === "static" ? spacedSamples(calibration, mostCalibrationSamples) : [],
  };
}

/** Digest of source, recipe and tools: the same answer means the same variant. */
export function recipeDigest(
  recipe: QuantizationRecipe,
  sourceDigest: string,
  versions: Readonly<Record<string, string>>,
): string {
  const calibration = sampleSet(recipe.calibration, "Samples").digest;
  return digestOf({ ...recipe, calibration, source: sourceDigest, versions, revision });
}
