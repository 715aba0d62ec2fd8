import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BatchPolicy, MadeVariant } from "@sweetspot/crds";
import { withoutBatching } from "@sweetspot/planner";
import {
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  ocrModels,
  recogniserTensors,
  writeClassifierSamples,
  writeOcrSamples,
  writeTextSamples,
} from "@sweetspot/test";
import type { TuneRequest } from "@sweetspot/tuner";

/** The models whose truth is recorded. */
export const truthModelNames = ["ocr-recogniser", "ocr-classifier", "minilm-l3"] as const;
export type TruthModelName = (typeof truthModelNames)[number];

const cache = fileURLToPath(new URL("../../../.cache/truth", import.meta.url));
const seed = 7;
/** The 95th percentile: of so short a stage as a grid has time for, the 99th is one request. */
const within = (latencyMilliseconds: number) => ({ percentile: "P95", latencyMilliseconds }) as const;

/**
 * What is asked of a model whose truth is recorded. Quality is not: a recording is about speed, and its variants all
 * take part. Writes the samples. Null where the model's package is not installed.
 */
export async function truthRequest(name: TruthModelName): Promise<TuneRequest | null> {
  const outputDirectory = join(cache, name);
  await mkdir(outputDirectory, { recursive: true });
  const common = {
    modelName: name,
    outputDirectory,
    seed,
    budgetSeconds: 120,
    quality: { maximumLossBasisPoints: 100, mode: "Unchecked" },
  } as const;
  const file = (sample: string) => join(outputDirectory, sample);
  if (name === "ocr-recogniser") {
    const samplesFile = file("images.jsonl");
    await writeOcrSamples(samplesFile, 128, seed);
    const outputs = [recogniserTensors.output];
    const variants: MadeVariant[] = ["Source", "Optimized", "INT8Dynamic"];
    const modelFile = ocrModels.recogniser;
    return { ...common, modelFile, task: "TextRecognition", target: within(150), samplesFile, outputs, variants };
  }
  if (name === "ocr-classifier") {
    const samplesFile = file("images.jsonl");
    await writeClassifierSamples(samplesFile, 128, seed);
    const variants: MadeVariant[] = ["Source", "Optimized", "INT8Static"];
    const modelFile = ocrModels.classifier;
    return { ...common, modelFile, task: "ImageClassification", target: within(50), samplesFile, variants };
  }
  const modelFile = minilmModel();
  if (modelFile === null) return null;
  const samplesFile = file("texts.txt");
  await writeTextSamples(samplesFile, 256, seed);
  return {
    ...common,
    modelFile,
    task: "TextEmbedding",
    target: within(150),
    samplesFile,
    tokenizerFile: minilmTokenizer(),
    outputs: [minilmTensors.embedding],
    variants: ["Source", "Optimized", "INT8Dynamic"],
  };
}

/**
 * The policies of the grid, of those that the tuner searches: none, a small cap, a larger one with a second batch in
 * hand, and one that holds batches back.
 */
export function gridPolicies({ target }: Pick<TuneRequest, "target">): BatchPolicy[] {
  const microseconds = (share: number) => Math.round(share * target.latencyMilliseconds * 1000);
  const batched = (maximumRows: number, capShare: number, holdShare: number, inFlightPerInstance: number) => ({
    ...withoutBatching,
    maximumRows,
    maximumBatchMicroseconds: microseconds(capShare),
    holdMicroseconds: microseconds(holdShare),
    inFlightPerInstance,
  });
  return [withoutBatching, batched(4, 0.3, 0, 1), batched(8, 0.5, 0, 2), batched(16, 0.5, 0.05, 1)];
}
