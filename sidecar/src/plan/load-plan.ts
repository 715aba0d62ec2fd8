import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  DocumentError,
  type InputPipeline,
  type ModelArtifact,
  type PlanFile,
  parseDocument,
  ServingPlan,
} from "@sweetspot/crds";
import { materialiseVariant } from "../variant/materialise.ts";
import { RecipeError } from "../variant/recipe-error.ts";
import { knownDigest } from "./file-digest.ts";
import { PlanError } from "./plan-error.ts";

/**
 * Reads a plan, with the paths of its artifact made absolute (they may be relative to the plan's own folder) and the
 * artifact's digest checked. An artifact that is missing or damaged is made first where the plan has a recipe for it.
 * Throws `PlanError`.
 */
export async function loadPlan(file: string): Promise<ServingPlan> {
  return openArtifact(parsePlan(await readPlan(file)), dirname(file));
}

/** As `loadPlan`, for a plan that was read from this folder. */
export async function openArtifact(plan: ServingPlan, folder: string): Promise<ServingPlan> {
  const pipeline = plan.pipeline && { pipeline: await openPipelineFiles(plan.pipeline, folder) };
  // There is no file to look at: the server that has the model is asked when the plan is loaded.
  if (plan.artifact.engine === "OpenInference") return { ...plan, ...pipeline };
  const artifact = absolute(plan.artifact, folder);
  const digest = artifact.recipe === undefined ? await knownDigest(artifact.file) : await digestOrNull(artifact.file);
  if (digest !== artifact.digest) await makeArtifact(artifact, plan.revision, digest);
  return { ...plan, artifact, ...pipeline };
}

/** The files of a pipeline, made absolute; those that have a digest are checked against it. */
async function openPipelineFiles(pipeline: InputPipeline, folder: string): Promise<InputPipeline> {
  const { text, classification } = pipeline;
  const opened = { ...pipeline };
  if (text !== undefined) opened.text = { ...text, tokenizer: await openFile(text.tokenizer, folder) };
  if (classification?.labels !== undefined) {
    opened.classification = { ...classification, labels: await openFile(classification.labels, folder) };
  }
  return opened;
}

async function openFile({ file, digest }: PlanFile, folder: string): Promise<PlanFile> {
  const path = resolve(folder, file);
  const found = await digestOrNull(path);
  if (found === null)
    throw new PlanError("A file of the plan's pipeline cannot be read; check that it is where the plan says.");
  if (digest !== undefined && found !== digest) {
    throw new PlanError(`A file of the plan's pipeline has the digest ${found}, but the plan names ${digest}.`);
  }
  return { file: path, ...(digest !== undefined && { digest }) };
}

function absolute({ recipe, ...artifact }: ModelArtifact, folder: string): ModelArtifact {
  const file = resolve(folder, artifact.file);
  if (recipe === undefined) return { ...artifact, file };
  return { ...artifact, file, recipe: { file: resolve(folder, recipe.file), source: resolve(folder, recipe.source) } };
}

async function makeArtifact(artifact: ModelArtifact, revision: string, found: string | null): Promise<void> {
  const { recipe, variant, digest, file } = artifact;
  if (recipe === undefined) {
    throw new PlanError(
      `The model file of plan ${revision} has the digest ${found}, but the plan names ${digest}; make the artifact again.`,
    );
  }
  try {
    await materialiseVariant({ variant, digest, file, recipe: recipe.file, source: recipe.source });
  } catch (error) {
    if (error instanceof RecipeError) throw new PlanError(error.message, { cause: error });
    throw error;
  }
}

const digestOrNull = (file: string): Promise<string | null> => knownDigest(file).catch(() => null);

async function readPlan(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new PlanError("The plan file cannot be read; check that it exists and is readable.", { cause });
  }
}

/** Reads the text of a plan. Throws `PlanError`. */
export function parsePlan(text: string): ServingPlan {
  try {
    return parseDocument(ServingPlan, text, "The plan");
  } catch (error) {
    if (error instanceof DocumentError) throw new PlanError(error.message.slice(0, 1000), { cause: error });
    throw error;
  }
}
