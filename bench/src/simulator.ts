import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import {
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  ocrModels,
  recogniserTensors,
  writeOcrSamples,
  writeTextSamples,
} from "@sweetspot/test";
import { type TuneRequest, tune } from "@sweetspot/tuner";
import { type ResultRow, writeResult } from "./write-result.ts";

/** Long enough for runs whose own p99 is known well: an error of the measurement is not one of the simulator. */
const budgetSeconds = 120;
const seed = 5;
const wanted = 0.75;
const atMost = 1.33;

/** The simulator against reality: what the tuner predicted of the candidates that it then measured, for two models. */
export async function benchSimulator(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  try {
    const reports: TuningReport[] = [];
    for (const request of await requests(directory)) {
      console.error(`Tuning ${request.modelName} for ${budgetSeconds} s`);
      reports.push(await report(request));
    }
    await writeResult("simulator", reports.flatMap(rowsOf), reports.map(evidenceOf));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function requests(directory: string): Promise<TuneRequest[]> {
  const common = {
    quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
    variants: ["Source"],
    budgetSeconds,
    seed,
  } as const;
  const images = join(directory, "ocr.jsonl");
  await writeOcrSamples(images, 96, seed);
  const ocr: TuneRequest = {
    ...common,
    modelFile: ocrModels.recogniser,
    modelName: "ocr-recogniser",
    task: "TextRecognition",
    target: { percentile: "P99", latencyMilliseconds: 150 },
    samplesFile: images,
    outputs: [recogniserTensors.output],
    outputDirectory: join(directory, "ocr"),
  };
  const modelFile = minilmModel();
  if (modelFile === null) {
    console.error("MiniLM is left out: its Python package is not installed.");
    return [ocr];
  }
  const texts = join(directory, "texts.txt");
  await writeTextSamples(texts, 256, seed);
  const minilm: TuneRequest = {
    ...common,
    modelFile,
    modelName: "minilm",
    task: "TextEmbedding",
    target: { percentile: "P99", latencyMilliseconds: 150 },
    samplesFile: texts,
    tokenizerFile: minilmTokenizer(),
    outputs: [minilmTensors.embedding],
    outputDirectory: join(directory, "minilm"),
  };
  return [ocr, minilm];
}

const report = async (request: TuneRequest): Promise<TuningReport> =>
  (
    await tune(request, {
      signal: new AbortController().signal,
      progress: ({ stage, message }) => console.error(`  ${stage}: ${message}`),
    })
  ).report;

/** Predicted over measured: capacity of the winner, and its latency at the rate of the confirming run, 70 % of that. */
function rowsOf({ question, candidates, decision }: TuningReport): ResultRow[] {
  const winner = candidates.find(({ name }) => name === decision.winner);
  if (!winner?.prediction || !winner.measured || decision.confirmation === null) {
    throw new Error(`${question.model.name} was not raced: ${decision.reason}`);
  }
  const { capacityRequestsPerSecond } = winner.prediction;
  const { latencyMilliseconds, predictedLatencyMilliseconds } = decision.confirmation;
  const single = (value: number) => ({ median: value, minimum: value, maximum: value, rounds: winner.rounds.length });
  const capacity = {
    median: capacityRequestsPerSecond / winner.measured.estimate,
    minimum: capacityRequestsPerSecond / winner.measured.high,
    maximum: capacityRequestsPerSecond / Math.max(winner.measured.low, 1e-9),
    rounds: winner.rounds.filter((round) => !round.void).length,
  };
  const latency = single((predictedLatencyMilliseconds ?? Number.POSITIVE_INFINITY) / latencyMilliseconds);
  return [
    { measure: `${question.model.name}: capacity, predicted / measured`, ratio: capacity, wanted, atMost },
    { measure: `${question.model.name}: p99 at 70 % load, predicted / measured`, ratio: latency, wanted, atMost },
  ];
}

const evidenceOf = ({ question, candidates, decision, tables }: TuningReport) => ({
  question,
  raced: candidates.filter(({ measured }) => measured !== null),
  confirmation: decision.confirmation,
  heldOutErrors: tables.map(({ variant, layout, heldOutError }) => ({ variant, layout, heldOutError })),
  overheads: tables.map(({ layout, table }) => ({ layout, overhead: table.overhead })),
});
