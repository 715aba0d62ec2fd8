import { basename, extname } from "node:path";
import type { ModelSignature } from "@sweetspot/sidecar";
import { loadJsonLines } from "./json-lines.ts";
import { type SampleSet, SamplesError, sampleSet } from "./sample.ts";
import { loadTextLines } from "./text-lines.ts";

export interface LoadOptions {
  /** A Hugging Face tokenizer.json; needed for .txt. */
  readonly tokenizer?: string;
}

/**
 * Reads representative inputs: `.jsonl` (an inference request a line, with an optional `label`) or `.txt` (a text a
 * line, with a tokenizer). Throws `SamplesError`, whose message names the line, what is wrong and what to do.
 */
export async function loadSamples(
  file: string,
  signature: ModelSignature,
  options: LoadOptions = {},
): Promise<SampleSet> {
  const samples = await load(file, signature, options.tokenizer);
  if (samples.length === 0) {
    throw new SamplesError(`${basename(file)} holds no samples: put one on each line.`);
  }
  return sampleSet(samples, "Samples");
}

function load(file: string, signature: ModelSignature, tokenizer: string | undefined) {
  const extension = extname(file).toLowerCase();
  if (extension === ".jsonl" || extension === ".ndjson") return loadJsonLines(file, signature);
  if (extension !== ".txt") {
    throw new SamplesError(`Samples are read from .jsonl or .txt, not from ${basename(file)}: rename or convert it.`);
  }
  if (tokenizer === undefined) {
    throw new SamplesError("Texts need the model's tokenizer.json: name it, or give the samples as .jsonl.");
  }
  return loadTextLines(file, signature, tokenizer);
}
