import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { DocumentError, parseDocument, ServingPlan } from "@sweetspot/crds";
import { PlanError } from "./plan-error.ts";

/**
 * Reads a plan, with its artifact's path made absolute (it may be relative to the plan's own folder) and the artifact's
 * digest checked. Throws `PlanError`.
 */
export async function loadPlan(file: string): Promise<ServingPlan> {
  const plan = parsePlan(await readPlan(file));
  const artifact = { ...plan.artifact, file: resolve(dirname(file), plan.artifact.file) };
  const digest = await fileDigest(artifact.file);
  if (digest !== artifact.digest) {
    throw new PlanError(
      `The model file of plan ${plan.revision} has the digest ${digest}, but the plan names ${artifact.digest}; make the artifact again.`,
    );
  }
  return { ...plan, artifact };
}

async function readPlan(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new PlanError("The plan file cannot be read; check that it exists and is readable.", { cause });
  }
}

function parsePlan(text: string): ServingPlan {
  try {
    return parseDocument(ServingPlan, text, "The plan");
  } catch (error) {
    if (error instanceof DocumentError) throw new PlanError(error.message.slice(0, 1000), { cause: error });
    throw error;
  }
}

/** `sha256:` digest of a file of any size, read as a stream. Throws `PlanError`. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (cause) {
    throw new PlanError("The plan's model file cannot be read; check that it is where the plan says.", { cause });
  }
  return `sha256:${hash.digest("hex")}`;
}
