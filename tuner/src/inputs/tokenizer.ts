import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openTokenizer, type TextEncoder } from "@sweetspot/sidecar";
import { SamplesError } from "./sample.ts";

/** Loads a Hugging Face tokenizer.json, with tokenizer_config.json where it lies beside it. Throws `SamplesError`. */
export async function loadTokenizer(file: string): Promise<TextEncoder> {
  const definition = await readJson(file);
  const config = await readJson(join(dirname(file), "tokenizer_config.json")).catch(() => ({}));
  try {
    return openTokenizer(definition as object, config as object);
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
