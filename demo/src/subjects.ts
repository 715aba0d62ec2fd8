import { join } from "node:path";
import {
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  ocrModels,
  recogniserTensors,
  writeOcrSamples,
  writeTextSamples,
} from "@sweetspot/test";

/** A packaged model with the question that the demo asks about it. */
export interface Subject {
  readonly name: string;
  readonly title: string;
  readonly modelFile: string;
  readonly output: string;
  readonly latencyMilliseconds: number;
  readonly task: string;
  readonly samplesFile: string;
  /** Further words of the `tune` command. */
  readonly extra: readonly string[];
  readonly writeSamples: () => Promise<void>;
}

const seed = 7;

/** The OCR recogniser reads lines of text that the demo renders. */
export function ocrSubject(folder: string): Subject {
  const samplesFile = join(folder, "ocr-samples.jsonl");
  return {
    name: "ocr-recogniser",
    title: "OCR recogniser, PP-OCRv4",
    modelFile: ocrModels.recogniser,
    output: recogniserTensors.output,
    latencyMilliseconds: 150,
    task: "TextRecognition",
    samplesFile,
    extra: [],
    writeSamples: () => writeOcrSamples(samplesFile, 128, seed),
  };
}

/** The sentence encoder reads passages of real text; null where its Python package is not installed. */
export function minilmSubject(folder: string): Subject | null {
  const modelFile = minilmModel();
  if (modelFile === null) return null;
  const samplesFile = join(folder, "sentences.txt");
  return {
    name: "minilm",
    title: "Sentence encoder, MiniLM-L3",
    modelFile,
    output: minilmTensors.embedding,
    latencyMilliseconds: 150,
    task: "TextEmbedding",
    samplesFile,
    extra: ["--tokenizer", minilmTokenizer()],
    writeSamples: () => writeTextSamples(samplesFile, 256, seed),
  };
}
