import { badRequests, type CostTable, type LoadReport, type LoadStage } from "@sweetspot/crds";
import { mean, median, planPoint, poissonArrivals, seededRandom, simulateCapacity } from "@sweetspot/planner";
import { createEnginePool, type EnginePool } from "@sweetspot/sidecar";
import {
  calibratedTable,
  clientsAt,
  closedLoop,
  type LoadableVariant,
  LoadClient,
  measureCalibration,
  measureTable,
  planFor,
  prepareMix,
  race,
  representativeSamples,
  timeBatches,
  timeFactor,
} from "@sweetspot/tuner";
import { PointServer } from "./point-server.ts";
import type { PreparedModel } from "./prepare.ts";
import { costTableOf, recordedEffort, recordedTable } from "./recorded-table.ts";
import type { RecordedRun, RecordedStage, Recording } from "./recording.ts";

/**
 * Seconds of each part of a visit. In a stage of one second the queue of a server that is overloaded by a half still keeps the
 * target, and two visits of one point differ by a half: such a recording says nothing of differences between its points.
 */
const durations = { warmUp: 1.5, saturation: 1, stage: 2.5, lowStage: 1, longestStage: 5 };
const referenceEffort = { minimumRuns: 5, milliseconds: 120 };
const loadShare = 0.7;
/** A prediction outside these shares of the rate at saturation comes from a table of a disturbed machine. */
const likelyShare = { least: 0.5, most: 0.95 };
/** Visits of other points from which the capacity of a new one can be guessed. */
const fewestKnown = 4;
/** For warming. */
const fewClients = 4;

type Point = Recording["points"][number];

const placeOf = ({ variant, layout }: Pick<Point, "variant" | "layout">): string =>
  `${variant} ${layout.instances}x${layout.threadsPerInstance} ${layout.spinning}`;

/** The servers, the reference and the load process of one slice. */
export class Recorder implements AsyncDisposable {
  readonly #prepared: PreparedModel;
  readonly #recording: Recording;
  readonly #reference: EnginePool;
  readonly #load: LoadClient;
  readonly #servers = new Map<string, PointServer>();

  private constructor(prepared: PreparedModel, recording: Recording, reference: EnginePool, load: LoadClient) {
    this.#prepared = prepared;
    this.#recording = recording;
    this.#reference = reference;
    this.#load = load;
  }

  static async start(prepared: PreparedModel, recording: Recording): Promise<Recorder> {
    const { model, cpus } = prepared;
    const layout = { instances: cpus, threadsPerInstance: 1, pinned: false, spinning: false };
    const reference = await createEnginePool({ engine: "OnnxRuntime", file: model.source.file, layout });
    const samples = model.samples.samples.map(({ inputs }) => inputs);
    const load = await LoadClient.start(prepareMix(samples, "binary", model.outputs));
    return new Recorder(prepared, recording, reference, load);
  }

  /** Measures what a visit needs first, and then the point under load. */
  async visit(pass: number, index: number): Promise<RecordedRun> {
    const point = this.#recording.points[index] as Point;
    const table = await this.#table(pass, point);
    const plan = this.#plan(point, table);
    const server = await this.#server(point, plan);
    const started = performance.now();
    const before = await this.#timeReference();
    await server.take(plan);
    const calibration = await measureCalibration({
      ...this.#settings(server, pass),
      seconds: durations.saturation,
      cpus: this.#prepared.cpus,
      clients: clientsAt(this.#simulated(point, table), this.#recording.target),
    });
    const { requestsPerSecond } = calibration;
    const guess = this.#known(index) ?? this.#likely(requestsPerSecond) ?? this.#predicted(point, table, calibration);
    const { stages, capacity } = await this.#climb(server, guess, pass);
    return {
      pass,
      point: index,
      reference: [before, await this.#timeReference()],
      saturation: [
        calibration.clients,
        calibration.requestsPerSecond,
        calibration.shared?.microsecondsPerRequest ?? null,
      ],
      stages,
      capacity,
      seconds: (performance.now() - started) / 1000,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()));
    await this.#load.close();
    await this.#reference.close();
  }

  /** The table of this pass, measured now where it is not known. */
  async #table(pass: number, point: Point): Promise<CostTable> {
    const { tables } = this.#recording;
    const known = tables.find((table) => table.pass === pass && placeOf(table) === placeOf(point));
    if (known !== undefined) return costTableOf(known);
    const started = performance.now();
    const measured = await this.#measureTable(point);
    const seconds = (performance.now() - started) / 1000;
    const { variant, layout } = point;
    tables.push({ pass, variant, layout, seconds, ...recordedTable(measured) });
    return measured.table;
  }

  async #measureTable({ variant, layout }: Point) {
    const { model, request } = this.#prepared;
    const pinned = { ...layout, pinned: !layout.spinning };
    const pool = await createEnginePool({ engine: "OnnxRuntime", file: this.#variant(variant).file, layout: pinned });
    const lengths = model.shapes.map(({ length }) => length);
    try {
      return await measureTable({
        pool,
        reference: () => this.#timeOnce({ minimumRuns: 5, milliseconds: 40 }),
        representatives: representativeSamples(lengths, "Coarse").map((index) => ({
          inputs: model.samples.samples[index]?.inputs ?? [],
          length: lengths[index] as number,
        })),
        outputs: model.outputs,
        batchable: model.signature.batchable && !layout.spinning,
        targetMicroseconds: request.target.latencyMilliseconds * 1000,
        effort: recordedEffort,
        checkpoint: () => undefined,
      });
    } finally {
      await pool.close();
    }
  }

  /** A warm server of the point's variant and layout. */
  async #server(point: Point, plan: ReturnType<typeof planFor>): Promise<PointServer> {
    const known = this.#servers.get(placeOf(point));
    if (known !== undefined) return known;
    const started = performance.now();
    const server = await PointServer.start(plan);
    this.#servers.set(placeOf(point), server);
    this.#recording.starts.push((performance.now() - started) / 1000);
    await closedLoop({ ...this.#settings(server, 0), clients: fewClients, seconds: durations.warmUp });
    return server;
  }

  #plan({ name, variant, layout, policy }: Point, table: CostTable) {
    const { request, model } = this.#prepared;
    const loadable = this.#variant(variant);
    return planFor({ request, model }, { revision: name, variant: loadable, layout, policy, table });
  }

  #variant(name: string): LoadableVariant {
    return this.#prepared.variants.find(({ variant }) => variant === name) as LoadableVariant;
  }

  #settings(server: PointServer, pass: number) {
    const { target, seed } = this.#prepared.request;
    return { server, load: this.#load, target, seed: seed + pass };
  }

  #pointWith(point: Point, table: CostTable) {
    const { variant, layout, policy } = point;
    return planPoint({ variant: variant as LoadableVariant["variant"], layout, table }, policy);
  }

  #simulated(point: Point, table: CostTable): number {
    const { model, request } = this.#prepared;
    const arrivals = poissonArrivals(2000, model.shapes, seededRandom(request.seed));
    const effort = { seed: request.seed, tolerance: 0.05 };
    return simulateCapacity(this.#pointWith(point, table), arrivals, request.target, effort);
  }

  #predicted(point: Point, table: CostTable, calibration: Awaited<ReturnType<typeof measureCalibration>>): number {
    const { model, request } = this.#prepared;
    const factor = timeFactor(this.#pointWith(point, table), calibration, model.shapes, request.seed);
    const capacity = this.#simulated(point, calibratedTable(table, factor, calibration.shared));
    const { least, most } = likelyShare;
    const { requestsPerSecond } = calibration;
    return Math.max(1, least * requestsPerSecond, Math.min(capacity, most * requestsPerSecond));
  }

  /** What earlier passes found. */
  #known(index: number): number | null {
    const found = this.#recording.runs.filter(({ point }) => point === index).map(({ capacity }) => capacity);
    return found.length === 0 ? null : Math.max(1, median(found));
  }

  /** As near to saturation as other points came; null before there are some. */
  #likely(saturated: number): number | null {
    const shares = this.#recording.runs.map(({ capacity, saturation }) => capacity / saturation[1]);
    return shares.length < fewestKnown ? null : Math.max(1, saturated * median(shares));
  }

  async #climb(server: PointServer, guess: number, pass: number) {
    const { target, seed } = this.#prepared.request;
    const stages: RecordedStage[] = [];
    const run = async (job: Parameters<LoadClient["run"]>[0]): Promise<LoadReport> => {
      const started = performance.now();
      const report = await this.#load.run(job);
      const wall = (performance.now() - started) / 1000;
      stages.push(...report.stages.map((stage) => recorded(stage, wall)));
      return report;
    };
    const low = { requestsPerSecond: loadShare * guess, seconds: durations.lowStage };
    await run({ url: server.inferUrl, target, seed: seed + pass, stages: [low] });
    const rounds = await race(
      [{ name: "point", server, guess }],
      { run },
      {
        target,
        stageSeconds: durations.stage,
        mostStageSeconds: durations.longestStage,
        minimumRounds: 1,
        maximumRounds: 1,
        seed: seed + pass,
        generatorHasCpu: false,
        hasTimeFor: () => true,
        isOverdue: () => false,
        signal: new AbortController().signal,
        onRound: () => undefined,
      },
    );
    return { stages, capacity: rounds.get("point")?.[0]?.capacityRequestsPerSecond ?? 0 };
  }

  async #timeReference(): Promise<number> {
    return mean(await this.#timeOnce(referenceEffort));
  }

  async #timeOnce(timing: typeof referenceEffort): Promise<number[]> {
    const { model } = this.#prepared;
    const byLength = model.samples.samples.toSorted((a, b) => a.length - b.length);
    const inputs = byLength[Math.floor(byLength.length / 2)]?.inputs ?? [];
    return (await timeBatches(this.#reference, inputs, model.outputs, timing)).engine;
  }
}

function recorded(
  { offeredRequestsPerSecond, seconds, counts, latencyMilliseconds }: LoadStage,
  wall: number,
): RecordedStage {
  const { p50, p90, p95, p99, maximum } = latencyMilliseconds;
  return [offeredRequestsPerSecond, seconds, counts.total, badRequests(counts), p50, p90, p95, p99, maximum, wall];
}
