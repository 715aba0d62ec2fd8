import { type ModelSignature, requestShaper, type Tensor, type TensorSpec, type TextEncoder } from "@sweetspot/sidecar";
import { lineError, readLines } from "./read-lines.ts";
import { type Sample, SamplesError } from "./sample.ts";
import { loadTokenizer } from "./tokenizer.ts";

/** Positions of most encoders, where the model does not say how many it has. */
const usualPositions = 512;

/**
 * Samples from a file with one text a line, through a Hugging Face tokenizer. Fills `input_ids`, `attention_mask`,
 * `token_type_ids` and `position_ids`, as far as the model has them. Texts that are longer than the model takes are
 * cut, and where it takes only one length they are filled up. Throws `SamplesError`.
 */
export async function loadTextLines(file: string, signature: ModelSignature, tokenizerFile: string): Promise<Sample[]> {
  const unknown = signature.inputs.find(({ name }) => !(name in values));
  if (unknown !== undefined) {
    throw new SamplesError(`Text cannot fill the model's input '${unknown.name}': give the samples as .jsonl.`);
  }
  const tokenizer = await loadTokenizer(tokenizerFile);
  const tokens = tokenCounts(signature);
  const shapeOf = requestShaper(signature, undefined);
  const samples: Sample[] = [];
  for await (const line of readLines(file)) {
    const encoding = encode(tokenizer, line.text, tokens);
    if (encoding.ids.length === 0) throw lineError(file, line, "the text has no tokens; remove the line.");
    const inputs = signature.inputs.map((spec) => tensorOf(spec, encoding));
    checkIds(file, line, signature, encoding);
    samples.push({ inputs, length: shapeOf(inputs).length, label: null });
  }
  return samples;
}

interface Encoding {
  readonly ids: readonly number[];
  readonly segments: readonly number[];
  readonly mask: readonly number[];
}

const values: Record<string, (encoding: Encoding) => readonly number[]> = {
  input_ids: ({ ids }) => ids,
  attention_mask: ({ mask }) => mask,
  token_type_ids: ({ segments }) => segments,
  position_ids: ({ ids }) => ids.map((_, position) => position),
};

/** How many tokens the model takes at most, and whether it takes exactly so many. */
function tokenCounts({ inputs, inputBounds }: ModelSignature): { readonly most: number; readonly fixed: boolean } {
  const size = inputs[0]?.shape[1] ?? -1;
  if (size !== -1) return { most: size, fixed: true };
  const position = inputBounds.find(({ name }) => name === "position_ids");
  return { most: position === undefined ? usualPositions : position.maximum + 1, fixed: false };
}

function encode(tokenizer: TextEncoder, text: string, { most, fixed }: ReturnType<typeof tokenCounts>): Encoding {
  const limit = Math.min(most, tokenizer.longest);
  const { ids, typeIds: segments } = tokenizer.truncate(tokenizer.encode(text), limit);
  const missing = Array.from({ length: fixed ? most - ids.length : 0 }, () => 0);
  return {
    ids: [...ids, ...missing.map(() => tokenizer.padding)],
    segments: [...segments, ...missing],
    mask: [...ids.map(() => 1), ...missing],
  };
}

function tensorOf({ name, datatype }: TensorSpec, encoding: Encoding): Tensor {
  const numbers = values[name]?.(encoding) ?? [];
  const array = datatype === "INT64" ? BigInt64Array.from(numbers, BigInt) : Int32Array.from(numbers);
  return { name, datatype, shape: [1, numbers.length], data: new Uint8Array(array.buffer) };
}

/** A tokenizer of another model is the usual mistake: its ids leave the embedding table. */
function checkIds(
  file: string,
  line: Parameters<typeof lineError>[1],
  { inputBounds }: ModelSignature,
  encoding: Encoding,
): void {
  for (const { name, minimum, maximum } of inputBounds) {
    const wrong = values[name]?.(encoding).find((value) => value < minimum || value > maximum);
    if (wrong === undefined) continue;
    const bounds = `${minimum} to ${maximum}`;
    throw lineError(
      file,
      line,
      `the tokenizer gives ${wrong} for '${name}', but the model takes ${bounds}; give the tokenizer of this model.`,
    );
  }
}
