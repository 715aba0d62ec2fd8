import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment, MadeVariant, VariantName } from "@sweetspot/crds";
import { fileDigest, findEngine, openVino } from "@sweetspot/sidecar";
import * as z from "zod";
import type { Sample } from "../inputs/sample.ts";
import { canCalibrate } from "./calibration-file.ts";
import { isToolVariant, needsCalibration, type ToolVariant } from "./catalogue.ts";
import { cTranslate2Variant, type Trial } from "./ctranslate2-variant.ts";
import { openVinoVariant } from "./openvino-variant.ts";
import { missingPython, type PythonEnvironment } from "./python-environment.ts";
import { type QuantizationRecipe, quantizationRecipe, recipeDigest } from "./quantization-recipe.ts";
import { type QuantizationLimits, quantize } from "./quantize.ts";

/** A variant that can be served. */
export interface ReadyVariant {
  readonly state: "Ready";
  readonly variant: VariantName;
  /** Absolute path. */
  readonly file: string;
  readonly digest: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly message: string;
}

/** A variant that could not be made, which is a result like any other. */
export interface MissingVariant {
  readonly state: "Failed" | "TimedOut" | "OutOfMemory" | "Skipped" | "NotApplicable";
  readonly variant: VariantName;
  readonly seconds: number;
  readonly message: string;
}

export type VariantOutcome = ReadyVariant | MissingVariant;

export interface VariantSource {
  /** Absolute path of the model. */
  readonly file: string;
  readonly digest: string;
}

export interface VariantContext extends QuantizationLimits {
  /** Where variants are kept. One that was made before from the same question is taken again. */
  readonly directory: string;
  /** Inputs whose ranges a static variant takes over. They must not be the ones that its quality is judged on. */
  readonly calibration: readonly Sample[];
  /** Null where there is none, see `findPython`. */
  readonly python: PythonEnvironment | null;
  readonly environment: Pick<Environment, "architecture" | "instructionSets">;
  /** What another engine must be able to answer. */
  readonly trial: Trial;
}

/**
 * Makes one variant of a model. Every failure is an outcome with a sentence that says what to do; never throws.
 * `change`: what is to be different from the usual recipe of the variant.
 */
export async function makeVariant(
  variant: MadeVariant,
  source: VariantSource,
  context: VariantContext,
  change: Partial<QuantizationRecipe> = {},
): Promise<VariantOutcome> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const { size } = await stat(source.file).catch(() => {
      throw new Error("The model file is not there any more.");
    });
    if (variant === "Source") return sourceVariant(source, size);
    if (variant === "OpenVino") return await openVinoVariant(source, size);
    if (variant === "OpenVinoINT8" && (await findEngine(openVino)) === null) {
      return { state: "NotApplicable", variant, seconds: 0, message: openVino.missing };
    }
    if (variant === "CTranslate2" || variant === "CTranslate2INT8") {
      return await cTranslate2Variant(variant, source, size, context.trial);
    }
    if (!isToolVariant(variant)) {
      return { state: "NotApplicable", variant, seconds: 0, message: "This release cannot make it." };
    }
    const outcome = await toolVariant(variant, source, context, change);
    return { variant, seconds: seconds(), ...outcome };
  } catch (error) {
    return { state: "Failed", variant, seconds: seconds(), message: explain(error) };
  }
}

const sourceVariant = ({ file, digest }: VariantSource, bytes: number): ReadyVariant => ({
  state: "Ready",
  variant: "Source",
  file,
  digest,
  bytes,
  seconds: 0,
  message: "The model as it is.",
});

const scratchPrefix = ".making-";

type Outcome = Omit<ReadyVariant, "variant" | "seconds"> | Omit<MissingVariant, "variant" | "seconds">;

async function toolVariant(
  variant: ToolVariant,
  source: VariantSource,
  context: VariantContext,
  change: Partial<QuantizationRecipe>,
): Promise<Outcome> {
  const { python, calibration } = context;
  if (python === null) return { state: "Skipped", message: missingPython };
  if (needsCalibration(variant) && !canCalibrate(calibration)) {
    return { state: "Skipped", message: "Static quantization needs samples of numeric inputs to calibrate with." };
  }
  const recipe = { ...quantizationRecipe(variant, context.environment, calibration), ...change };
  const key = recipeDigest(recipe, source.digest, python.versions).slice("sha256:".length, "sha256:".length + 16);
  const file = join(context.directory, `${variant}-${key}.onnx`);
  const earlier = await describeFile(file).catch(() => null);
  if (earlier !== null) return { state: "Ready", ...earlier, message: "Made in an earlier run." };
  return inScratch(context, async (scratch) => {
    const { output, ...result } = await quantize(source.file, scratch, recipe, python, context);
    if (result.state !== "Ready") return { state: result.state, message: result.message };
    await rename(output, file);
    return { state: "Ready", ...(await describeFile(file)), message: result.message };
  });
}

/** What the tool says of the nodes: their names, the one that loses most when it alone is quantized first. */
export type NodeRanking = { readonly nodes: readonly string[] } | Omit<MissingVariant, "variant" | "seconds">;

/** Ranks the nodes for `INT8StaticMixed`. Every failure is an outcome; never throws. */
export async function rankNodes(source: VariantSource, context: VariantContext): Promise<NodeRanking> {
  const { python, calibration, environment } = context;
  if (python === null) return { state: "Skipped", message: missingPython };
  try {
    const usual = quantizationRecipe("INT8StaticMixed", environment, calibration);
    return await inScratch(context, async (scratch) => {
      const recipe = { ...usual, mode: "sensitivity" } as const;
      const { output, state, message } = await quantize(source.file, scratch, recipe, python, context);
      if (state !== "Ready") return { state, message };
      return { nodes: z.array(z.string()).parse(JSON.parse(await readFile(output, "utf8"))) };
    });
  } catch (error) {
    return { state: "Failed", message: explain(error) };
  }
}

/** Gives a folder to the tool and removes it whatever happens. */
async function inScratch<T>({ directory, timeoutSeconds }: VariantContext, work: (scratch: string) => Promise<T>) {
  await mkdir(directory, { recursive: true });
  await sweep(directory, timeoutSeconds);
  const scratch = await mkdtemp(join(directory, scratchPrefix));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes what a tuner that was killed left behind: nothing that is being made is older than the time limit. */
async function sweep(directory: string, timeoutSeconds: number): Promise<void> {
  const oldest = Date.now() - (timeoutSeconds + 60) * 1000;
  for (const name of await readdir(directory)) {
    const folder = join(directory, name);
    if (!name.startsWith(scratchPrefix) || (await stat(folder)).mtimeMs > oldest) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

async function describeFile(file: string): Promise<Pick<ReadyVariant, "file" | "digest" | "bytes">> {
  const { size } = await stat(file);
  return { file, digest: await fileDigest(file), bytes: size };
}

const explanations: Record<string, string> = {
  ENOSPC: "The disk is full: free some space, or choose another output directory.",
  EDQUOT: "The disk quota is used up: free some space, or choose another output directory.",
  EACCES: "The output directory is not writable: choose another one.",
  EPERM: "The output directory is not writable: choose another one.",
  EROFS: "The output directory is on a read-only file system: choose another one.",
  ENOTDIR: "The output directory is not a folder: choose another one.",
  EEXIST: "The output directory is not a folder: choose another one.",
  // Node says so of a folder that cannot be made on a read-only file system.
  ENOENT: "The output directory cannot be made: choose another one.",
};

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return explanations[code ?? ""] ?? String(message).slice(0, 300);
}
