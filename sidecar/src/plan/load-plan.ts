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
import { ArtifactError, takeArtifact } from "../artifacts/artifact-store.ts";
import { materialiseVariant } from "../variant/materialise.ts";
import { RecipeError } from "../variant/recipe-error.ts";
import { knownDigest } from "./file-digest.ts";
import { PlanError } from "./plan-error.ts";

/**
 * Reads a plan, with the paths of its artifact made absolute (they may be relative to the plan's own folder) and the
 * artifact's digest checked. An artifact that is missing or damaged is first taken from the artifact store, the folder `store` where
 * there is one, else made where the plan has a recipe for it. Throws `PlanError`.
 */
export async function loadPlan(file: string, store: string | null = null): Promise<ServingPlan> {
  return openArtifact(parsePlan(await readPlan(file)), dirname(file), store);
}

/** As `loadPlan`, for a plan that was read from this folder. */
export async function openArtifact(
  plan: ServingPlan,
  folder: string,
  store: string | null = null,
): Promise<ServingPlan> {
  const pipeline = plan.pipeline && { pipeline: await openPipelineFiles(plan.pipeline, folder) };
  // There is no file to look at: the server that has the model is asked when the plan is loaded.
  if (plan.artifact.engine === "OpenInference") return { ...plan, ...pipeline };
  const artifact = absolute(plan.artifact, folder);
  const mendable = artifact.recipe !== undefined || store !== null;
  const digest = mendable ? await digestOrNull(artifact.file) : await knownDigest(artifact.file);
  if (digest !== artifact.digest) await provideArtifact(artifact, plan.revision, digest, store);
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

/** Whatever is wrong with the store, the recipe does without it. */
async function provideArtifact(
  artifact: ModelArtifact,
  revision: string,
  found: string | null,
  store: string | null,
): Promise<void> {
  if (store !== null) {
    const missed = await takeStored(artifact, store);
    if (missed === null) return;
    if (artifact.recipe === undefined) {
      const what = found === null ? "is missing" : `has the digest ${found} and not ${artifact.digest}`;
      throw new PlanError(
        `The model file of plan ${revision} ${what}, and it could not be taken from the artifact store: ${missed}. Tune again with this store, or bring the file.`,
      );
    }
  }
  await makeArtifact(artifact, revision, found);
}

/** Null when it is there now, else why not. */
async function takeStored({ digest, file }: ModelArtifact, store: string): Promise<string | null> {
  try {
    await takeArtifact(store, digest, file);
    return null;
  } catch (error) {
    if (error instanceof ArtifactError) return error.message;
    throw error;
  }
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
