import { inflateRawSync } from "node:zlib";
import type { MultiplyStep, QuantizeStep, RecipeStep, VariantRecipe } from "@sweetspot/crds";
import { RecipeError } from "./recipe-error.ts";

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
/** Steps repeat parts of the source only where the variant does, so no honest file grows beyond this. */
const mostGrowth = 2;

/** Bytes of the file that a step gives. */
function bytesOf(step: RecipeStep): number {
  if (step.op === "Multiply") return step.elements * floatBytes;
  return step.op === "Quantize" ? step.elements : step.bytes;
}

/**
 * Proves, before anything is allocated or written, that no step reaches outside the source model or the literals and
 * that the steps give as many bytes as the result has. Throws `RecipeError`.
 */
export function checkRecipe(recipe: VariantRecipe): void {
  const { steps, result, source, literals } = recipe;
  const bytes = steps.reduce((sum, step) => sum + bytesOf(step), 0);
  if (bytes !== result.bytes) throw broken(`its steps give ${bytes} bytes of a file of ${result.bytes}`);
  if (bytes > mostGrowth * source.bytes + literals.bytes) throw broken("its file is far larger than the source model");
  const literal = steps.reduce((sum, step) => sum + (step.op === "Literal" ? step.bytes : 0), 0);
  if (literal > literals.bytes) throw broken("it has fewer literals than its steps take");
  for (const [index, step] of steps.entries()) {
    const problem = problemOf(step, source.bytes, literals.bytes);
    if (problem !== null) throw broken(`its step ${index} ${problem}`);
  }
}

/** The literals of a recipe. Never inflates more than the recipe announces. Throws `RecipeError`. */
export function readLiterals({ literals }: VariantRecipe): Uint8Array {
  let inflated: Buffer;
  try {
    // zlib takes no limit of 0 bytes.
    inflated = inflateRawSync(Buffer.from(literals.deflated, "base64"), { maxOutputLength: literals.bytes + 1 });
  } catch {
    throw broken("its literals cannot be inflated to the announced size");
  }
  if (inflated.length !== literals.bytes) throw broken("its literals have another size than it announces");
  return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
}

function problemOf(step: RecipeStep, sourceBytes: number, literalBytes: number): string | null {
  if (step.op === "Literal") return null;
  const read = step.op === "Copy" ? step.bytes : step.elements * floatBytes;
  if (step.offset + read > sourceBytes) return "reads over the end of the source model";
  return step.op === "Copy"
    ? null
    : (shapeProblem(step) ?? numbersProblem(step, literalBytes) ?? correctionsProblem(step));
}

function shapeProblem({ elements, channels, stride, columns = 1 }: MultiplyStep | QuantizeStep): string | null {
  if (elements % (channels * stride) !== 0) return "has elements that belong to no channel";
  return elements % columns === 0 ? null : "has rows of different length";
}

function numbersProblem(step: MultiplyStep | QuantizeStep, literalBytes: number): string | null {
  const { channels } = step;
  const ends =
    step.op === "Multiply"
      ? [step.factors + channels * floatBytes]
      : [step.scales + channels * floatBytes, step.zeroPoints + channels];
  return ends.every((end) => end <= literalBytes) ? null : "takes numbers from behind the literals";
}

function correctionsProblem(step: MultiplyStep | QuantizeStep): string | null {
  const largest = step.op === "Quantize" ? 0xff : 0xffff_ffff;
  let last = -1;
  for (const [index, bits] of step.corrections ?? []) {
    if (index <= last || index >= step.elements) return "corrects elements that do not exist or are out of order";
    if (bits > largest) return "corrects an element to a value that it cannot have";
    last = index;
  }
  return null;
}

const broken = (what: string): RecipeError =>
  new RecipeError(`The variant recipe is broken: ${what}. Tune again to get a new one.`);
