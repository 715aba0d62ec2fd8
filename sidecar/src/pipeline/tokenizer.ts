import { Tokenizer } from "@huggingface/tokenizers";

/** Token ids of one text, with the segment of each. */
interface Tokens {
  readonly ids: number[];
  readonly typeIds: number[];
}

/** A tokenizer as its model needs it. */
export interface TextEncoder {
  /** All tokens of a text, the special ones included; cut it with `truncate`. */
  encode(text: string): Tokens;
  /** At most `limit` tokens: the end is cut off, but a token that closes each text stays where models expect it. */
  truncate(tokens: Tokens, limit: number): Tokens;
  /** The tokens that the tokenizer's own file permits; infinite where it does not say. */
  readonly longest: number;
  /** The id that fills up. */
  readonly padding: number;
  /** The largest id that it gives. */
  readonly largestId: number;
}

/** The parts of tokenizer.json that the tokenizer itself leaves to its caller. */
interface TokenizerFile {
  readonly truncation?: { readonly max_length?: number } | null;
  readonly padding?: { readonly pad_id?: number } | null;
  readonly model?: { readonly unk_token?: string | null };
}

/** What the library gives, whatever its types say: no segments without a post-processor, no ids for unknown pieces. */
interface Encoded {
  readonly ids: (number | undefined)[];
  readonly token_type_ids?: number[];
}

/** A piece that has no id, where no token stands for the unknown, is left out, as the library's original in Rust does. */
function tokensOf({ ids, token_type_ids: typeIds = ids.map(() => 0) }: Encoded): Tokens {
  if (!ids.includes(undefined)) return { ids: ids as number[], typeIds };
  const known = ids.flatMap((id, index) => (id === undefined ? [] : [{ id, typeId: typeIds[index] ?? 0 }]));
  return { ids: known.map(({ id }) => id), typeIds: known.map(({ typeId }) => typeId) };
}

/**
 * Opens a Hugging Face tokenizer from the contents of `tokenizer.json` and, where there is one, of
 * `tokenizer_config.json`. Throws whatever the library throws at a file that it does not understand.
 */
export function openTokenizer(definition: object, config: object = {}): TextEncoder {
  const { truncation, padding, model } = definition as TokenizerFile;
  // For models of whole words the library looks for the unknown token in the second file only.
  const tokenizer = new Tokenizer(definition, { ...(model?.unk_token && { unk_token: model.unk_token }), ...config });
  const closing = tokenizer.encode("").ids.at(-1);
  const cut = (ids: number[], limit: number) =>
    closing !== undefined && ids.at(-1) === closing ? [...ids.slice(0, limit - 1), closing] : ids.slice(0, limit);
  return {
    encode: (text) => tokensOf(tokenizer.encode(text, { return_token_type_ids: true })),
    truncate: (tokens, limit) =>
      tokens.ids.length <= limit ? tokens : { ids: cut(tokens.ids, limit), typeIds: tokens.typeIds.slice(0, limit) },
    longest: truncation?.max_length ?? Number.POSITIVE_INFINITY,
    padding: padding?.pad_id ?? tokenizer.token_to_id("[PAD]") ?? tokenizer.token_to_id("<pad>") ?? 0,
    largestId: [...tokenizer.get_vocab().values()].reduce((largest, id) => Math.max(largest, id), 0),
  };
}
