import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DocumentError, unpackRecipe, type VariantName, type VariantRecipe } from "@sweetspot/crds";
import { RecipeError } from "./recipe-error.ts";
import { type ReadSource, variantBytes } from "./variant-bytes.ts";

/** What is asked for: the variant of a plan's artifact. Paths are absolute. */
export interface VariantRequest {
  readonly variant: VariantName;
  readonly digest: string;
  /** Where the file shall be. Its folder must exist. */
  readonly file: string;
  /** The gzip of a `VariantRecipe`. */
  readonly recipe: string;
  readonly source: string;
}

/** What a ConfigMap can hold. */
const largestRecipe = 1024 * 1024;
/** A file in the making that nobody wrote to for so long was left behind by a process that died. */
const abandonedMilliseconds = 60_000;

/**
 * Makes a variant's file from its recipe. The file appears whole and with the right digest, or not at all, whatever else
 * makes it at the same time; what an earlier attempt left behind when it died is removed. Throws `RecipeError`.
 * It blocks its thread: `materialiseVariant` runs it in one of its own.
 */
export async function makeVariantFile(request: VariantRequest): Promise<void> {
  const recipe = await readRecipe(request);
  const aside = `${partPrefix(request.file)}${randomUUID()}`;
  try {
    removeAbandoned(request.file);
    const digest = writeVariant(recipe, request.source, aside);
    if (digest !== recipe.result.digest) throw await wrongResult(recipe, request.source);
    renameSync(aside, request.file);
  } catch (error) {
    throw error instanceof RecipeError
      ? error
      : new RecipeError(explain(error as NodeJS.ErrnoException), { cause: error });
  } finally {
    rmSync(aside, { force: true });
  }
}

async function readRecipe({ recipe: file, digest, variant }: VariantRequest): Promise<VariantRecipe> {
  let recipe: VariantRecipe;
  try {
    if (statSync(file).size > largestRecipe) {
      throw new DocumentError(`The variant recipe is larger than ${largestRecipe} bytes.`);
    }
    recipe = unpackRecipe(await readFile(file));
  } catch (error) {
    if (error instanceof DocumentError) throw new RecipeError(error.message.slice(0, 1000), { cause: error });
    throw new RecipeError("The variant recipe cannot be read; check that it lies where the plan says.", {
      cause: error,
    });
  }
  if (recipe.result.digest !== digest || recipe.variant !== variant) {
    throw new RecipeError(
      `The recipe makes ${recipe.variant} with the digest ${recipe.result.digest}, but the plan asks for ${variant} with ${digest}; deliver plan and recipe together.`,
    );
  }
  return recipe;
}

/** Writes the file and gives its digest. */
function writeVariant(recipe: VariantRecipe, source: string, target: string): string {
  const input = openSource(source);
  try {
    const { size } = fstatSync(input);
    if (size !== recipe.source.bytes) throw otherSource(`${size} bytes`, `${recipe.source.bytes}`);
    const output = openSync(target, "wx", 0o644);
    try {
      const hash = createHash("sha256");
      for (const piece of variantBytes(recipe, readerOf(input))) {
        hash.update(piece);
        writeWhole(output, piece);
      }
      return `sha256:${hash.digest("hex")}`;
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

function openSource(file: string): number {
  try {
    return openSync(file, "r");
  } catch (cause) {
    throw new RecipeError("The source model of the recipe cannot be read; check that it is where the plan says.", {
      cause,
    });
  }
}

const readerOf =
  (descriptor: number): ReadSource =>
  (target, offset) => {
    for (let done = 0; done < target.length; ) {
      const read = readSync(descriptor, target, done, target.length - done, offset + done);
      if (read === 0) throw new RecipeError("The source model became shorter while it was read; check its storage.");
      done += read;
    }
  };

/** A write may take only a part, on a full disk for one. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

/** Says whether another source or the recipe itself is to blame. */
async function wrongResult(recipe: VariantRecipe, source: string): Promise<RecipeError> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(source), hash);
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== recipe.source.digest) return otherSource(`the digest ${digest}`, recipe.source.digest);
  return new RecipeError(
    "The recipe does not give the file that it promises, and none was written. Tune again to get a new recipe.",
  );
}

const otherSource = (has: string, expected: string): RecipeError =>
  new RecipeError(
    `The source model has ${has}, but the recipe was made for one with ${expected}; serve the model that was tuned, or tune again.`,
  );

const partPrefix = (file: string): string => join(dirname(file), `.${basename(file)}.part-`);

function removeAbandoned(file: string): void {
  const prefix = basename(partPrefix(file));
  const folder = dirname(file);
  const old = Date.now() - abandonedMilliseconds;
  for (const name of namesIn(folder).filter((found) => found.startsWith(prefix))) {
    const part = join(folder, name);
    const changed = statSync(part, { throwIfNoEntry: false })?.mtimeMs;
    if (changed !== undefined && changed < old) rmSync(part, { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new RecipeError("The folder of the variant does not exist or cannot be read; check the pod's volumes.", {
      cause,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; enlarge its volume",
  EDQUOT: "the disk quota is used up; enlarge the volume",
  EROFS: "the folder is read-only; mount a writable volume there",
  EACCES: "the folder is not writable; check its permissions",
  EISDIR: "a folder is in its way; remove it",
};

const explain = ({ code, message }: NodeJS.ErrnoException): string =>
  `The variant's file cannot be made: ${reasons[code ?? ""] ?? code ?? message}.`;
