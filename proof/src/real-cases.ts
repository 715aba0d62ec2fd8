import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import {
  digitsModel,
  digitsSamples,
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  ocrModels,
  recogniserTensors,
  writeClassifierSamples,
  writeDetectorSamples,
  writeOcrSamples,
  writeTextSamples,
} from "@sweetspot/test";
import { type TuneRequest, tune } from "@sweetspot/tuner";
import type { Progress } from "./proof.ts";

/** A packaged model with what is asked about it. */
export interface RealCase {
  readonly name: string;
  readonly request: Pick<TuneRequest, "modelFile" | "task" | "target"> &
    Partial<Pick<TuneRequest, "samplesFile" | "tokenizerFile" | "outputs">>;
}

const seed = 7;
const within = (latencyMilliseconds: number) => ({ percentile: "P99", latencyMilliseconds }) as const;

/** Models of several kinds with samples in `folder`; the sentence encoder only where its Python package is installed. */
export async function realCases(folder: string): Promise<RealCase[]> {
  await mkdir(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  await writeOcrSamples(file("recogniser.jsonl"), 128, seed);
  await writeDetectorSamples(file("detector.jsonl"), 64, seed);
  await writeClassifierSamples(file("classifier.jsonl"), 128, seed);
  return [
    {
      name: "ocr-detector",
      request: {
        modelFile: ocrModels.detector,
        task: "Generic",
        target: within(400),
        samplesFile: file("detector.jsonl"),
      },
    },
    {
      name: "ocr-recogniser",
      request: {
        modelFile: ocrModels.recogniser,
        task: "TextRecognition",
        target: within(150),
        samplesFile: file("recogniser.jsonl"),
        outputs: [recogniserTensors.output],
      },
    },
    {
      name: "ocr-classifier",
      request: {
        modelFile: ocrModels.classifier,
        task: "ImageClassification",
        target: within(50),
        samplesFile: file("classifier.jsonl"),
      },
    },
    {
      name: "digits",
      request: {
        modelFile: digitsModel,
        task: "ImageClassification",
        target: within(20),
        samplesFile: digitsSamples,
      },
    },
    ...(await sentenceEncoder(file("sentences.txt"))),
  ];
}

async function sentenceEncoder(samplesFile: string): Promise<RealCase[]> {
  const modelFile = minilmModel();
  if (modelFile === null) return [];
  await writeTextSamples(samplesFile, 256, seed);
  const outputs = [minilmTensors.embedding];
  const tokenizerFile = minilmTokenizer();
  return [
    {
      name: "minilm-l3",
      request: { modelFile, task: "TextEmbedding", target: within(150), samplesFile, tokenizerFile, outputs },
    },
  ];
}

/** Tunes a case as a user would; `change` is what is different from the usual question. */
export async function tuneCase(
  { name, request }: RealCase,
  folder: string,
  progress: Progress,
  change: Partial<TuneRequest> = {},
): Promise<TuningReport> {
  const started = performance.now();
  const { report } = await tune(
    {
      modelName: name,
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
      budgetSeconds: 45,
      seed,
      outputDirectory: join(folder, name),
      ...request,
      ...change,
    },
    { signal: new AbortController().signal, progress: () => undefined },
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  progress(`${name} in ${seconds} s: ${report.decision.summary}. ${report.decision.reason}`);
  return report;
}
