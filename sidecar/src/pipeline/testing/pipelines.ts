import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImagePipeline, InputPipeline, TextPipeline } from "@sweetspot/crds";

/** What several tests of pipelines share. */

const special = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });

/** A `tokenizer.json` of whole words: [PAD] 0, [CLS] 1, [SEP] 2, [UNK] 3, red 4, green 5, blue 6. */
export const wordTokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: ["[PAD]", "[CLS]", "[SEP]", "[UNK]"].map(special),
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: {
    type: "TemplateProcessing",
    single: [mark("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, mark("[SEP]")],
    pair: [mark("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, mark("[SEP]")],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [1], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [2], tokens: ["[SEP]"] },
    },
  },
  decoder: null,
  model: {
    type: "WordLevel",
    unk_token: "[UNK]",
    vocab: { "[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, red: 4, green: 5, blue: 6 },
  },
} as const;

/** Writes `wordTokenizer` and gives its path. */
export async function writeTokenizer(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "sweetspot-pipeline-")), "tokenizer.json");
  await writeFile(file, JSON.stringify(wordTokenizer));
  return file;
}

/** For models with the inputs `ids` and `mask`. */
const textPlan = (tokenizer: string, change: Partial<TextPipeline> = {}): TextPipeline => ({
  input: "text",
  tokenizer: { file: tokenizer },
  maximumCharacters: 100,
  maximumTokens: 8,
  truncation: "Right",
  inputs: { ids: "ids", mask: "mask" },
  ...change,
});

/** Texts to the sum of their token vectors, for the builder's embedding model. */
export const embeddingPipeline = (tokenizer: string, change: Partial<TextPipeline> = {}): InputPipeline => ({
  threads: 1,
  text: textPlan(tokenizer, change),
  embedding: { name: "vector", output: "embedding", pooling: "None", normalise: false },
});

export const imagePlan = (change: Partial<ImagePipeline> = {}): ImagePipeline => ({
  input: "image",
  tensor: "x",
  layout: "NCHW",
  channels: "RGB",
  height: 4,
  width: 4,
  resize: "Stretch",
  interpolation: "Linear",
  background: 0,
  maximumPixels: 10_000,
  maximumBytes: 100_000,
  ...change,
});
