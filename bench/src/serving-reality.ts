import { join } from "node:path";
import type { CostTable, ServingPlan, TuningReport } from "@sweetspot/crds";
import { type PlanPoint, planPoint, type RequestShape } from "@sweetspot/planner";
import { createEnginePool, describeModel, type EnginePool, usableCpuCount } from "@sweetspot/sidecar";
import {
  type Calibration,
  calibratedTable,
  clientsAt,
  closedLoop,
  LoadClient,
  loadSamples,
  measureCalibration,
  measureTable,
  prepareMix,
  race,
  representativeSamples,
  type Sample,
  SidecarProcess,
  type TuneRequest,
  timeBatches,
  timeFactor,
  waitAlone,
} from "@sweetspot/tuner";

/** Lengths of everything that is measured, seconds: a rare stall of the machine should be in each run with its due share. */
const durations = { warmUp: 4, calibration: 4, rung: 6, latencyRun: 12 };
/** For warming. */
const fewClients = 8;
const effort = { minimumRuns: 7, milliseconds: 250 };

type SampledRequest = TuneRequest & { readonly samplesFile: string };

/** What a ladder of rates is climbed with: the real load process, or one that replays servers in simulation. */
export type LadderLoad = Parameters<typeof race>[1];

/** Percentiles in milliseconds, infinite where nothing was answered. */
interface MeasuredLatency {
  readonly p50: number;
  readonly p99: number;
  readonly requests: number;
}

/** A cost table; `timings` and `references` as `machineNoise` takes them. */
export interface TimedTable {
  readonly table: CostTable;
  readonly timings: readonly (readonly number[])[];
  readonly references: readonly (readonly number[])[];
}

/** One climb of a ladder of Poisson rates that begins at `guess`: the capacity under the target, requests per second. */
export async function climb(
  server: { readonly inferUrl: string },
  load: LadderLoad,
  { target, seed, guess }: Pick<TuneRequest, "target" | "seed"> & { readonly guess: number },
): Promise<number> {
  const rounds = await race([{ name: "winner", server, guess }], load, {
    target,
    stageSeconds: durations.rung,
    mostStageSeconds: durations.rung,
    minimumRounds: 1,
    maximumRounds: 1,
    seed,
    generatorHasCpu: false,
    hasTimeFor: () => true,
    isOverdue: () => false,
    signal: new AbortController().signal,
    onRound: () => undefined,
  });
  return rounds.get("winner")?.[0]?.capacityRequestsPerSecond ?? 0;
}

/** The winner of a tuning on its real server, and its engines alone, so that both can be measured again and again. */
export class ServingReality implements AsyncDisposable {
  readonly shapes: readonly RequestShape[];
  readonly #request: SampledRequest;
  readonly #plan: ServingPlan;
  readonly #samples: readonly Sample[];
  readonly #server: SidecarProcess;
  readonly #load: LoadClient;
  readonly #engines: EnginePool;

  private constructor(
    request: SampledRequest,
    { decision, requestShapes }: TuningReport,
    samples: readonly Sample[],
    parts: { readonly server: SidecarProcess; readonly load: LoadClient; readonly engines: EnginePool },
  ) {
    this.shapes = requestShapes ?? [];
    this.#request = request;
    this.#plan = decision.plan;
    this.#samples = samples;
    this.#server = parts.server;
    this.#load = parts.load;
    this.#engines = parts.engines;
  }

  /** Starts and warms what a tuning of this request decided for. */
  static async start(request: SampledRequest, report: TuningReport): Promise<ServingReality> {
    const { modelFile, samplesFile, tokenizerFile, outputs, outputDirectory } = request;
    const { plan } = report.decision;
    const tokenizer = tokenizerFile === undefined ? {} : { tokenizer: tokenizerFile };
    const { samples } = await loadSamples(samplesFile, await describeModel(modelFile), tokenizer);
    // Beside the plan that the tuner wrote, because the paths in it are relative to it.
    const server = await SidecarProcess.start(plan, join(outputDirectory, "reality.json"));
    const mix = prepareMix(
      samples.map(({ inputs }) => inputs),
      "binary",
      outputs,
    );
    const load = await LoadClient.start(mix);
    const engines = await createEnginePool({ engine: "OnnxRuntime", file: modelFile, layout: plan.layout });
    const reality = new ServingReality(request, report, samples, { server, load, engines });
    await closedLoop({ ...reality.#loadSettings(0), clients: fewClients, seconds: durations.warmUp });
    return reality;
  }

  /** The winner's cost table on the machine as it is now, with what says how noisy the machine is. */
  async table(): Promise<TimedTable> {
    const references: number[][] = [];
    const lengths = this.#samples.map(({ length }) => length);
    const representatives = representativeSamples(lengths, "Coarse").map((index) => ({
      inputs: this.#samples[index]?.inputs ?? [],
      length: lengths[index] as number,
    }));
    const { outputs, target } = this.#request;
    const first = representatives[0] as (typeof representatives)[number];
    const { table, timings } = await measureTable({
      pool: this.#engines,
      reference: async () =>
        (await timeBatches(this.#engines, first.inputs, outputs ?? [], { minimumRuns: 5, milliseconds: 40 })).engine,
      references,
      representatives,
      outputs: outputs ?? [],
      batchable: this.#plan.batching.maximumRows > 1,
      targetMicroseconds: target.latencyMilliseconds * 1000,
      effort,
      checkpoint: () => undefined,
    });
    return { table, timings, references };
  }

  /** What the server does at saturation now: the bracket of a round. `guess`: about its capacity, requests per second. */
  saturation(guess: number, run: number): Promise<Calibration> {
    return measureCalibration({
      ...this.#loadSettings(run),
      clients: clientsAt(guess, this.#request.target),
      seconds: durations.calibration,
      cpus: usableCpuCount(),
    });
  }

  /** The winner as the simulator sees it: a table, and what the server was seen to do. */
  pointOf(table: CostTable, calibration: Calibration): PlanPoint {
    const { layout, batching } = this.#plan;
    const measured = planPoint({ variant: "Source", layout, table }, batching);
    const factor = timeFactor(measured, calibration, this.shapes, this.#request.seed);
    const wait = waitAlone(measured, factor, calibration, this.shapes, this.#request.seed);
    return planPoint(
      { variant: "Source", layout, table: calibratedTable(table, factor, calibration.shared, wait) },
      batching,
    );
  }

  /** Capacity under the target, requests per second. */
  capacity(guess: number, run: number): Promise<number> {
    const { target, seed } = this.#request;
    return climb(this.#server, this.#load, { target, seed: seed + run, guess });
  }

  /** Latency at a Poisson rate, milliseconds, and of how many requests. */
  async latency(requestsPerSecond: number, run: number): Promise<MeasuredLatency> {
    const { target, seed } = this.#request;
    const stages = [{ requestsPerSecond, seconds: durations.latencyRun }];
    const report = await this.#load.run({ url: this.#server.inferUrl, target, seed: seed + run, stages });
    const [stage] = report.stages;
    const { p50, p99 } = stage?.latencyMilliseconds ?? { p50: null, p99: null };
    const never = Number.POSITIVE_INFINITY;
    return { p50: p50 ?? never, p99: p99 ?? never, requests: stage?.counts.total ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.close();
    await this.#server.close();
    await this.#engines.close();
  }

  #loadSettings(run: number) {
    const { target, seed } = this.#request;
    return { server: this.#server, load: this.#load, target, seed: seed + run };
  }
}
