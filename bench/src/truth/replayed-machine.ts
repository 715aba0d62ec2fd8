import { apiVersion, type LoadReport, type LoadStage, type ServingPlan } from "@sweetspot/crds";
import { mean, type Random, seededRandom } from "@sweetspot/planner";
import type { Instruments, RunningLoad, RunningServer, TableBench } from "@sweetspot/tuner";
import { replayTable } from "./recorded-bench.ts";
import { loadSeconds, measuredCapacity, type RecordedTruth, type Visit } from "./recorded-truth.ts";
import type { RecordedStage } from "./recording.ts";

const address = "http://replayed/";
/** A stage is answered with one of so many recorded ones that are nearest to it in load. */
const neighbours = 5;
/** Process ids are made up: that of the load, and above it one for each point. */
const loadPid = 1;

/**
 * Instruments that answer from a recording instead of measuring: the tuner's own stages run on it in virtual time. A point's
 * capacity at a moment is that of one of its recorded visits, at the speed that the recorded machine had; a stage of load is one
 * that was recorded at the same share of the capacity.
 */
export class ReplayedMachine implements Instruments {
  readonly #truth: RecordedTruth;
  readonly #random: Random;
  readonly #stages: readonly LoadedStage[];
  readonly #started = new Set<string>();
  readonly #cpu = new Map<number, number>();
  #now: number;
  readonly #start: number;

  constructor(truth: RecordedTruth, seed: number) {
    this.#truth = truth;
    this.#random = seededRandom(seed);
    this.#stages = stagesByLoad(truth);
    // The machine's good and bad minutes come in the order in which they were recorded, from any of them on.
    this.#start = this.#random() * (truth.speeds.at(-1)?.until ?? 1);
    this.#now = this.#start;
  }

  /** Virtual seconds since the beginning. */
  get elapsedSeconds(): number {
    return this.#now - this.#start;
  }

  now = (): number => 1000 * this.#now;

  openTables: Instruments["openTables"] = async ({ budgetSeconds }): Promise<TableBench> => ({
    measure: async ({ variant }, layout) => {
      const { recording, passes } = this.#truth;
      const { measured, seconds } = replayTable(recording, passes, { variant, layout }, budgetSeconds, this.#random);
      this.#now += seconds;
      return measured;
    },
    [Symbol.asyncDispose]: async () => undefined,
  });

  startServer = async ({ revision }: ServingPlan): Promise<RunningServer> => {
    this.#now += mean(this.#truth.recording.starts);
    const point = this.#truth.indexOf(revision);
    return { inferUrl: `${address}${revision}`, pid: loadPid + 1 + point, close: async () => undefined };
  };

  startLoad = async (): Promise<RunningLoad> => ({
    pid: loadPid,
    close: async () => undefined,
    run: async (job): Promise<LoadReport> => ({
      apiVersion,
      kind: "LoadReport",
      target: job.target,
      arrivals: "Poisson",
      stages: job.stages.map((stage) => {
        const point = this.#truth.indexOf(job.url.slice(address.length));
        return "connections" in stage
          ? this.#saturate(point, stage.seconds)
          : this.#offer(point, stage.requestsPerSecond, stage.seconds);
      }),
      generatorCpuSeconds: 0,
      requestsInMix: this.#truth.recording.shapes.length,
    }),
  });

  cpuMicroseconds = async (pid: number): Promise<number> => this.#cpu.get(pid) ?? 0;

  /**
   * One climb at a point, for searches that are not the tuner's: capacity under the target as it seems, requests per second. A
   * server is started once for each variant and layout.
   */
  visit(point: number): number {
    const { recording } = this.#truth;
    const { variant, layout } = recording.points[point] as (typeof recording.points)[number];
    const place = `${variant} ${JSON.stringify(layout)}`;
    if (!this.#started.has(place)) this.#now += mean(recording.starts);
    this.#started.add(place);
    const { capacity, run } = this.#draw(point);
    const seen = capacity * this.#speed();
    this.#now += loadSeconds(run, "Climb");
    return seen;
  }

  #draw(point: number): Visit {
    const visits = this.#truth.visitsOf(point);
    return visits[Math.floor(this.#random() * visits.length)] as Visit;
  }

  #speed(): number {
    const { speeds } = this.#truth;
    const moment = this.#now % (speeds.at(-1)?.until ?? 1);
    return speeds.find(({ until }) => moment < until)?.speed ?? 1;
  }

  #saturate(point: number, seconds: number): LoadStage {
    const { run, speed } = this.#draw(point);
    const [, rate, shared] = run.saturation;
    const answered = (rate / speed) * this.#speed();
    const total = Math.max(1, Math.round(answered * seconds));
    this.#now += seconds;
    const pid = loadPid + 1 + point;
    this.#cpu.set(pid, (this.#cpu.get(pid) ?? 0) + total * (shared ?? 0));
    const latency = { p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, maximum: 0 };
    return stageOf(answered, seconds, { total, bad: 0 }, latency);
  }

  #offer(point: number, rate: number, seconds: number): LoadStage {
    const capacity = this.#draw(point).capacity * this.#speed();
    const [, , total, bad, p50, p90, p95, p99, maximum] = this.#near(rate / capacity);
    this.#now += seconds;
    const requests = Math.max(1, Math.round(rate * seconds));
    const missed = Math.round((bad / Math.max(1, total)) * requests);
    return stageOf(rate, seconds, { total: requests, bad: missed }, { p50, p90, p95, p99, p999: maximum, maximum });
  }

  /** One of the recorded stages whose load, as a share of the capacity, is nearest. */
  #near(load: number): RecordedStage {
    const distance = (stage: LoadedStage) => Math.abs(Math.log(stage.load / load));
    const nearest = this.#stages.toSorted((a, b) => distance(a) - distance(b)).slice(0, neighbours);
    return (nearest[Math.floor(this.#random() * nearest.length)] as LoadedStage).stage;
  }
}

interface LoadedStage {
  /** Offered rate over the capacity that the same visit found. */
  readonly load: number;
  readonly stage: RecordedStage;
}

/** The stages of all points that keep their target at some rate. */
function stagesByLoad(truth: RecordedTruth): LoadedStage[] {
  const visits = truth.recording.points.flatMap((_, point) => truth.visitsOf(point));
  return visits.flatMap(({ run }) => {
    const capacity = measuredCapacity(truth.recording, run);
    return capacity > 0 ? run.stages.map((stage) => ({ load: stage[0] / capacity, stage })) : [];
  });
}

function stageOf(
  rate: number,
  seconds: number,
  { total, bad }: { readonly total: number; readonly bad: number },
  latencyMilliseconds: LoadStage["latencyMilliseconds"],
): LoadStage {
  return {
    offeredRequestsPerSecond: rate,
    seconds,
    counts: { total, late: bad, refused: 0, expired: 0, failed: 0, excluded: 0 },
    latencyMilliseconds,
    goodRequestsPerSecond: (total - bad) / seconds,
    answeredRequestsPerSecond: total / seconds,
    sendDelayMilliseconds: 0,
  };
}
