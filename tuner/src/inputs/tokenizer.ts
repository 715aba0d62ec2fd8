import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { SamplesError } from "./sample.ts";

/** Token ids of a text, special tokens included. */
export interface TextEncoder {
  /** Ids and segments of equal length, at most `limit`. */
  encode(text: string, limit: number): { readonly ids: number[]; readonly segments: number[] };
  /** The id that fills up. */
  readonly padding: number;
}

/** The parts of tokenizer.json that the tokenizer itself leaves to its caller. */
interface TokenizerFile {
  readonly truncation?: { readonly max_length?: number } | null;
  readonly padding?: { readonly pad_id?: number } | null;
}

/** Loads a Hugging Face tokenizer.json, with tokenizer_config.json where it lies beside it. Throws `SamplesError`. */
export async function loadTokenizer(file: string): Promise<TextEncoder> {
  const definition = (await readJson(file)) as TokenizerFile;
  const config = await readJson(join(dirname(file), "tokenizer_config.json")).catch(() => ({}));
  const tokenizer = construct(file, definition, config);
  const ownLimit = definition.truncation?.max_length ?? Number.POSITIVE_INFINITY;
  const closing = tokenizer.encode("").ids.at(-1);
  return {
    padding: definition.padding?.pad_id ?? tokenizer.token_to_id("[PAD]") ?? tokenizer.token_to_id("<pad>") ?? 0,
    encode: (text, limit) => {
      const { ids, token_type_ids: segments } = tokenizer.encode(text, { return_token_type_ids: true });
      const most = Math.min(limit, ownLimit);
      return { ids: truncate(ids, most, closing), segments: segments.slice(0, most) };
    },
  };
}

/** Cuts the end off, but keeps the token that closes a text: models are trained to find it there. */
function truncate(ids: number[], limit: number, closing: number | undefined): number[] {
  if (ids.length <= limit) return ids;
  return closing !== undefined && ids.at(-1) === closing ? [...ids.slice(0, limit - 1), closing] : ids.slice(0, limit);
}

function construct(file: string, definition: object, config: unknown): Tokenizer {
  try {
    return new Tokenizer(definition, config as object);
  } catch {
    throw new SamplesError(
      `${basename(file)} is not a tokenizer that is understood: give a Hugging Face tokenizer.json, or samples as .jsonl.`,
    );
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    throw new SamplesError(
      `The tokenizer ${basename(file)} cannot be read as JSON: give a Hugging Face tokenizer.json.`,
    );
  }
}
