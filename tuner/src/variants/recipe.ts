import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { apiVersion, packRecipe, sha256, unpackRecipe, type VariantName, type VariantRecipe } from "@sweetspot/crds";
import { RecipeError, type TensorPayload, tensorPayloads, variantBytes } from "@sweetspot/sidecar";
import { assembleSteps } from "./recipe-assembly.ts";
import { type Derivation, findDerivations, type ModelTensors } from "./recipe-search.ts";

/** The made file that a recipe shall give again. */
export interface RecipeSubject {
  /** Absolute path. */
  readonly file: string;
  readonly digest: string;
  readonly variant: VariantName;
}

export interface RecipeLimits {
  /** Of the recipe as it is stored and sent, see `packRecipe`. */
  readonly gzipBytes: number;
}

/** What fits into a ConfigMap and a Job's log with room to spare. */
const defaultRecipeLimits: RecipeLimits = { gzipBytes: 512 * 1024 };

/** A recipe that was followed once and gave the same bytes, or a sentence that says why there is none. */
export type RecipeOutcome = { readonly recipe: VariantRecipe } | { readonly notTransportable: string };

/** More cannot be made small enough; trying would only take time. */
const mostLiteralBytes = 64 * 1024 * 1024;

/**
 * Derives how to make a variant again from the source model by weight arithmetic alone. It looks only at the two files:
 * big tensors are found again in the source by content, or explained as weights that were multiplied or quantized.
 * Never throws: a variant without a recipe is a result, and needs an artifact store to be served elsewhere.
 *
 * @param source absolute path of the model that the variant was made from.
 */
export async function deriveRecipe(
  source: string,
  subject: RecipeSubject,
  limits: RecipeLimits = defaultRecipeLimits,
): Promise<RecipeOutcome> {
  try {
    const [from, to] = await Promise.all([readFile(source), readFile(subject.file)]);
    if (sha256(to) !== subject.digest) throw new NotTransportable("its file is not the one that was made");
    const original = openTensors(from, "the source model");
    const made = openTensors(to, "the variant");
    const derivations = findDerivations(original, made);
    const recipe = assemble(subject, original, made, derivations);
    prove(recipe, from);
    const gzip = packRecipe(recipe);
    if (gzip.length > limits.gzipBytes) throw tooLarge(gzip.length, limits.gzipBytes, made, derivations);
    return { recipe: unpackRecipe(gzip) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { notTransportable: `${subject.variant} needs an artifact store to be served elsewhere: ${reason}.` };
  }
}

class NotTransportable extends Error {}

function openTensors(bytes: Uint8Array, what: string): ModelTensors {
  const { tensors, external } = tensorPayloads(bytes);
  if (external) throw new NotTransportable(`${what} keeps weights in files beside it, which a recipe cannot carry`);
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), tensors };
}

function assemble(
  { variant, digest }: RecipeSubject,
  source: ModelTensors,
  made: ModelTensors,
  derivations: ReadonlyMap<TensorPayload, Derivation>,
): VariantRecipe {
  const left = underived(made, derivations).reduce((sum, { start, end }) => sum + end - start, 0);
  if (left > mostLiteralBytes) throw tooLarge(left, mostLiteralBytes, made, derivations);
  return {
    apiVersion,
    kind: "VariantRecipe",
    variant,
    source: { digest: sha256(source.bytes), bytes: source.bytes.length },
    result: { digest, bytes: made.bytes.length },
    ...assembleSteps(made.bytes, derivations),
  };
}

/** Follows the recipe once, as a pod will. */
function prove(recipe: VariantRecipe, source: Uint8Array): void {
  const hash = createHash("sha256");
  const read = (target: Uint8Array, offset: number) => target.set(source.subarray(offset, offset + target.length));
  try {
    for (const piece of variantBytes(recipe, read)) hash.update(piece);
  } catch (error) {
    if (error instanceof RecipeError) throw new NotTransportable(`its recipe cannot be followed (${error.message})`);
    throw error;
  }
  if (`sha256:${hash.digest("hex")}` !== recipe.result.digest) {
    throw new NotTransportable("its recipe does not give the same bytes");
  }
}

const underived = ({ tensors }: ModelTensors, derivations: ReadonlyMap<TensorPayload, Derivation>): TensorPayload[] =>
  tensors.filter((tensor) => !derivations.has(tensor)).sort((a, b) => b.end - b.start - (a.end - a.start));

const kibibytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

function tooLarge(
  bytes: number,
  limit: number,
  made: ModelTensors,
  derivations: ReadonlyMap<TensorPayload, Derivation>,
): NotTransportable {
  const [largest] = underived(made, derivations);
  const example =
    largest === undefined
      ? ""
      : `; the largest part that does not follow from the source is the tensor ${largest.name}`;
  return new NotTransportable(`its recipe has ${kibibytes(bytes)} where ${kibibytes(limit)} fit${example}`);
}
