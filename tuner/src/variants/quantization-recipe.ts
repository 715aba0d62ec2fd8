import { digestOf, type Environment } from "@sweetspot/crds";
import { hasIntegerDotProduct } from "../environment/cpu-info.ts";
import { type Sample, sampleSet } from "../inputs/sample.ts";
import { spacedSamples } from "./calibration-file.ts";
import { kindOf, needsCalibration, type ToolVariant } from "./catalogue.ts";

/** The ranges of activations settle long before; more samples only take time. */
const mostCalibrationSamples = 64;
/** Raised whenever quantize.py makes something else of the same question. */
const revision = 2;

/** Everything that decides what the tool makes. */
export interface QuantizationRecipe {
  readonly mode: "dynamic" | "static" | "nncf" | "optimized" | "half" | "sensitivity";
  /** How the ranges of activations follow from the samples, for static quantization. */
  readonly method: "minmax" | "entropy" | "percentile";
  /** Nodes that stay FP32; null where all are quantized that gain from it. */
  readonly keep: readonly string[] | null;
  /** 7-bit weights: x86 without VNNI adds pairs of 8-bit products in 16 bits, which saturate. */
  readonly reduceRange: boolean;
  /** Which form of activations has the faster kernels. */
  readonly activations: "uint8" | "int8";
  /** Empty where nothing is calibrated. */
  readonly calibration: readonly Sample[];
}

/** Chooses how to quantize for this CPU, after onnxruntime's own advice (docs of `quantize_static`). */
export function quantizationRecipe(
  variant: ToolVariant,
  environment: Pick<Environment, "architecture" | "instructionSets">,
  calibration: readonly Sample[],
): QuantizationRecipe {
  const { mode, method = "minmax" } = kindOf(variant);
  const x86 = environment.architecture === "x64";
  return {
    mode,
    method,
    keep: null,
    reduceRange: x86 && !hasIntegerDotProduct(environment.instructionSets),
    activations: x86 ? "uint8" : "int8",
    calibration: needsCalibration(variant) ? spacedSamples(calibration, mostCalibrationSamples) : [],
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
