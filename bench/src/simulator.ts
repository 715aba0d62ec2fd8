import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import {
  latencyAt,
  median,
  type PlanPoint,
  poissonArrivals,
  type RequestShape,
  seededRandom,
  simulate,
} from "@sweetspot/planner";
import {
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  ocrModels,
  ReplayedLoad,
  recogniserTensors,
  steadyMachine,
  writeOcrSamples,
  writeTextSamples,
} from "@sweetspot/test";
import { heldOutError, type TuneRequest, tune } from "@sweetspot/tuner";
import { climb, ServingReality } from "./serving-reality.ts";
import { type ResultRow, writeResult } from "./write-result.ts";

const budgetSeconds = 60;
const seed = 5;
const wanted = 0.75;
const atMost = 1.33;

/** The simulator against reality: what the tuner predicted of its winner, and what long runs of that server then do. */
export async function benchSimulator(): Promise<void> {
  const compared = await compareModels();
  await writeResult("simulator", compared.flatMap(rowsOf), compared.map(evidenceOf));
}

/** How far tables and simulator are from reality for one model, round by round. */
interface SimulatorRatios {
  readonly model: string;
  /** Of the table of each round; null where it has too few shapes. */
  readonly heldOutErrors: readonly (number | null)[];
  /** Predicted over measured. */
  readonly capacity: readonly number[];
  readonly p99: readonly number[];
  readonly evidence: unknown;
}

/** The same comparison for those who judge it themselves. */
export async function simulatorRatios(): Promise<SimulatorRatios[]> {
  const compared = await compareModels();
  return compared.map((each) => ({
    model: each.report.question.model.name,
    heldOutErrors: each.rounds.map(({ point }) => heldOutError(point.table)),
    ...ratiosOf(each),
    evidence: evidenceOf(each),
  }));
}

async function compareModels(): Promise<Compared[]> {
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  try {
    const compared: Compared[] = [];
    for (const request of await requests(directory)) {
      console.error(`Tuning ${request.modelName} for ${budgetSeconds} s`);
      compared.push(await compare(request, await report(request)));
    }
    return compared;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type SampledRequest = TuneRequest & { readonly samplesFile: string };

async function requests(directory: string): Promise<SampledRequest[]> {
  const common = {
    quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
    variants: ["Source"],
    budgetSeconds,
    seed,
  } as const;
  const images = join(directory, "ocr.jsonl");
  await writeOcrSamples(images, 96, seed);
  const ocr: SampledRequest = {
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
  const minilm: SampledRequest = {
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

/** One round: what the simulator says of the machine as it is now, and what the server then does. */
interface Round {
  /** Requests per second under the target. */
  readonly predictedCapacity: number;
  readonly capacity: number;
  /** 99th percentile at 70 % of the capacity, milliseconds. */
  readonly predictedP99: number;
  readonly p99: number;
  readonly requestsPerSecond: number;
  readonly point: Pick<PlanPoint, "layout" | "table">;
}

interface Compared {
  readonly report: TuningReport;
  readonly rounds: readonly Round[];
}

/** The percentile of one run on a machine with neighbours says little; their median says more. */
const roundCount = 5;
const loadShare = 0.7;
/** Simulated runs, each like the measured one: their median is what a run will probably show. */
const simulatedRuns = 21;

/**
 * Tables, climbs and runs by turns: a machine whose speed changes from minute to minute is compared with itself. The simulator
 * climbs the same ladder with the same rungs, and its percentile is of as many requests.
 */
async function compare(request: SampledRequest, report: TuningReport): Promise<Compared> {
  const { candidates, decision } = report;
  const winner = candidates.find(({ name }) => name === decision.winner);
  if (!winner?.measured) throw new Error(`${request.modelName} was not raced: ${decision.reason}`);
  await using reality = await ServingReality.start(request, report);
  const rounds: Round[] = [];
  for (let run = 0; run < roundCount; run += 1) {
    const known = rounds.map(({ capacity }) => capacity);
    const guess = known.length === 0 ? winner.measured.estimate : median(known);
    const point = await reality.pointNow(run);
    const capacity = await reality.capacity(guess, run);
    // One climb is as uncertain as one run.
    const requestsPerSecond = loadShare * median([...known, capacity]);
    const { p99, requests } = await reality.latency(requestsPerSecond, run);
    const round = {
      predictedCapacity: await predictCapacity(point, reality.shapes, request, guess),
      capacity,
      predictedP99: predictP99(point, reality.shapes, requestsPerSecond, requests),
      p99,
      requestsPerSecond,
      point: { layout: point.layout, table: point.table },
    };
    rounds.push(round);
    console.error(`  round ${run + 1}: ${inWords(round)}`);
  }
  return { report, rounds };
}

const inWords = ({ predictedCapacity, capacity, predictedP99, p99 }: Round): string =>
  `capacity ${predictedCapacity.toFixed(0)} predicted, ${capacity.toFixed(0)} measured; p99 ${predictedP99.toFixed(0)} and ${p99.toFixed(0)} ms`;

async function predictCapacity(
  point: PlanPoint,
  shapes: readonly RequestShape[],
  { target }: SampledRequest,
  guess: number,
): Promise<number> {
  const url = "http://simulated/";
  const capacities: number[] = [];
  for (let run = 0; run < simulatedRuns; run += 1) {
    const load = new ReplayedLoad(new Map([[url, point]]), shapes, steadyMachine, seed + run);
    capacities.push(await climb({ inferUrl: url }, load, { target, seed: seed + run, guess }));
  }
  return median(capacities);
}

function predictP99(
  point: PlanPoint,
  shapes: readonly RequestShape[],
  requestsPerSecond: number,
  requests: number,
): number {
  const percentiles = Array.from({ length: simulatedRuns }, (_, i) => {
    const arrivals = poissonArrivals(requests, shapes, seededRandom(seed + i));
    return latencyAt(simulate(point, arrivals, requestsPerSecond, seededRandom(seed + i)), 0.99);
  });
  return median(percentiles) / 1000;
}

/** Predicted over measured, round by round. */
const ratiosOf = ({ rounds }: Compared) => ({
  capacity: rounds.map(({ predictedCapacity, capacity }) => predictedCapacity / capacity),
  p99: rounds.map(({ predictedP99, p99 }) => predictedP99 / p99),
});

function rowsOf(compared: Compared): ResultRow[] {
  const { name } = compared.report.question.model;
  const { capacity, p99 } = ratiosOf(compared);
  const row = (measure: string, ratios: readonly number[]): ResultRow => ({
    measure: `${name}: ${measure}, predicted / measured`,
    ratio: {
      median: median(ratios),
      minimum: Math.min(...ratios),
      maximum: Math.max(...ratios),
      rounds: ratios.length,
    },
    wanted,
    atMost,
  });
  return [row("capacity", capacity), row("p99 at 70 % load", p99)];
}

const evidenceOf = ({ report: { question, decision }, rounds }: Compared) => ({
  question,
  winner: decision.summary,
  rounds,
});
