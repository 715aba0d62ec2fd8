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
import {
  type Calibration,
  heldOutError,
  type MachineNoise,
  machineNoise,
  type TuneRequest,
  tune,
} from "@sweetspot/tuner";
import { bracketsDiffer, summaryOf } from "./rounds.ts";
import { climb, ServingReality, type TimedTable } from "./serving-reality.ts";
import { type ResultRow, writeResult } from "./write-result.ts";

/** With two rounds of racing, all that a minute has time for, a default that scatters may stay: nobody's choice. */
const budgetSeconds = 120;
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
    heldOutErrors: validOf(each.rounds).map(({ point }) => heldOutError(point.table)),
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
  /** Requests per second at saturation, before and after all else: they differ where the machine changed speed. */
  readonly brackets: readonly [number, number];
  readonly void: boolean;
  /** Requests per second under the target. */
  readonly predictedCapacity: number;
  readonly capacity: number;
  /** Latency at 70 % of the capacity, milliseconds. */
  readonly predicted: Percentiles;
  readonly measured: Percentiles;
  readonly requestsPerSecond: number;
  readonly point: Pick<PlanPoint, "layout" | "table">;
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

interface Compared {
  readonly report: TuningReport;
  readonly rounds: readonly Round[];
}

/** The percentile of one run on a machine with neighbours says little; their median says more. */
const roundCount = 7;
/** Void rounds are made up for, but not for ever. */
const mostRounds = 14;
const loadShare = 0.7;
/** Simulated runs, each like the measured one: their median is what a run will probably show. */
const simulatedRuns = 21;

const validOf = <T extends { readonly void: boolean }>(rounds: readonly T[]): readonly T[] =>
  rounds.filter((round) => !round.void);

/**
 * Tables, climbs and runs by turns, each round between two runs at saturation: a machine whose speed changes from minute to
 * minute is compared with itself, at the mean of the two, and where they differ the round is void. The simulator climbs the same
 * ladder with the same rungs, and its percentiles are of as many requests.
 */
async function compare(request: SampledRequest, report: TuningReport): Promise<Compared> {
  const { candidates, decision } = report;
  const winner = candidates.find(({ name }) => name === decision.winner);
  if (!winner?.measured) throw new Error(`${request.modelName} was not raced: ${decision.reason}`);
  await using reality = await ServingReality.start(request, report);
  const measured: Measured[] = [];
  for (let run = 0; run < mostRounds && validOf(measured).length < roundCount; run += 1) {
    const known = measured.map(({ capacity }) => capacity);
    const guess = known.length === 0 ? winner.measured.estimate : median(known);
    const table = await reality.table();
    const before = await reality.saturation(guess, run);
    const capacity = await reality.capacity(guess, run);
    // One climb is as uncertain as one run.
    const requestsPerSecond = loadShare * median([...known, capacity]);
    const { requests, ...latency } = await reality.latency(requestsPerSecond, run);
    const after = await reality.saturation(guess, run);
    const brackets = [before.requestsPerSecond, after.requestsPerSecond] as const;
    const isVoid = bracketsDiffer(...brackets);
    measured.push({
      brackets,
      void: isVoid,
      guess,
      capacity,
      measured: latency,
      requestsPerSecond,
      requests,
      table,
      before,
    });
    const fate = isVoid ? "void, the machine changed speed: " : "";
    console.error(`  round ${run + 1}: ${fate}${brackets.map((rate) => rate.toFixed(0)).join(" to ")}/s at saturation`);
  }
  const noise = commonNoise(measured);
  const rounds: Round[] = [];
  for (const one of measured) {
    const round = await predicted(one, noise, reality, request);
    rounds.push(round);
    console.error(`  round ${rounds.length}: ${inWords(round)}`);
  }
  return { report, rounds };
}

/** What one round has measured. */
interface Measured extends Omit<Round, "predictedCapacity" | "predicted" | "point"> {
  readonly guess: number;
  readonly requests: number;
  readonly table: TimedTable;
  readonly before: Calibration;
}

/**
 * How noisy the machine is, from the tables of all rounds: interruptions that decide on a 99th percentile come every ten seconds or so, and
 * one table takes no longer. References count relative to those of their round, whose speed the round's brackets tell.
 */
function commonNoise(rounds: readonly Measured[]): MachineNoise {
  return machineNoise(
    rounds.flatMap(({ table }) => table.timings),
    rounds.flatMap(({ table: { references } }) => {
      const usual = median(references.flat());
      return references.map((times) => times.map((time) => time / usual));
    }),
  );
}

async function predicted(
  { table, before, guess, requests, ...round }: Measured,
  noise: MachineNoise,
  reality: ServingReality,
  request: SampledRequest,
): Promise<Round> {
  const { stalls: _, drift: __, ...steady } = table.table;
  const requestsPerSecond = Math.sqrt(round.brackets[0] * round.brackets[1]);
  const point = reality.pointOf({ ...steady, ...noise }, { ...before, requestsPerSecond });
  return {
    ...round,
    predictedCapacity: await predictCapacity(point, reality.shapes, request, guess),
    predicted: predictLatency(point, reality.shapes, round.requestsPerSecond, requests),
    point: { layout: point.layout, table: point.table },
  };
}

function inWords({ predictedCapacity, capacity, predicted, measured, ...round }: Round): string {
  const pair = (soon: number, now: number) => `${soon.toFixed(0)} predicted, ${now.toFixed(0)} measured`;
  const words = `capacity ${pair(predictedCapacity, capacity)}; p50 ${pair(predicted.p50, measured.p50)} ms; p99 ${pair(predicted.p99, measured.p99)} ms`;
  return round.void ? `void, the machine changed speed (${words})` : words;
}

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

function predictLatency(
  point: PlanPoint,
  shapes: readonly RequestShape[],
  requestsPerSecond: number,
  requests: number,
): Percentiles {
  const runs = Array.from({ length: simulatedRuns }, (_, i) => {
    const arrivals = poissonArrivals(requests, shapes, seededRandom(seed + i));
    return simulate(point, arrivals, requestsPerSecond, seededRandom(seed + i));
  });
  const percentile = (share: number) => median(runs.map((run) => latencyAt(run, share))) / 1000;
  return { p50: percentile(0.5), p99: percentile(0.99) };
}

/** Predicted over measured, valid round by valid round. */
const ratiosOf = ({ rounds }: Compared) => ({
  capacity: validOf(rounds).map(({ predictedCapacity, capacity }) => predictedCapacity / capacity),
  p99: validOf(rounds).map(({ predicted, measured }) => predicted.p99 / measured.p99),
});

function rowsOf(compared: Compared): ResultRow[] {
  const { name } = compared.report.question.model;
  const { capacity, p99 } = ratiosOf(compared);
  const row = (measure: string, ratios: readonly number[]): ResultRow => ({
    measure: `${name}: ${measure}, predicted / measured`,
    ratio: summaryOf(ratios),
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
