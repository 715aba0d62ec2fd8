import { apiVersion, type LoadReport, type LoadStage, type ServiceLevelTarget } from "@sweetspot/crds";
import {
  exponential,
  normal,
  poissonArrivals,
  quantile,
  type Random,
  type RequestShape,
  type SimulatedServer,
  seededRandom,
  simulate,
} from "@sweetspot/planner";

/** How unsteady a machine is. */
export interface MachineNoise {
  /** Deviation of the logarithm of its speed from one stage to the next. */
  readonly drift: number;
  /** A neighbour takes CPU time so often, in seconds on average. */
  readonly burstEvery: number;
  /** For so long, seconds, and everything takes so many times as long meanwhile: least and most. */
  readonly burstSeconds: readonly [number, number];
  readonly burstFactor: readonly [number, number];
}

/** A small virtual machine with neighbours, as the project's own were: bursts of 2 to 3 times for seconds. */
export const sharedMachine: MachineNoise = {
  drift: 0.05,
  burstEvery: 40,
  burstSeconds: [1, 5],
  burstFactor: [1.5, 3],
};

/** A machine that is always as fast as the servers' tables say. */
export const steadyMachine: MachineNoise = {
  drift: 0,
  burstEvery: Number.POSITIVE_INFINITY,
  burstSeconds: [0, 0],
  burstFactor: [1, 1],
};

/** One run of load, as much of it as a replay needs. */
interface ReplayJob {
  readonly url: string;
  readonly target: ServiceLevelTarget;
  readonly seed: number;
  readonly stages: readonly object[];
}

/**
 * Stands in for the load process with servers that are only simulated, on a machine whose speed changes: a race of an hour
 * is replayed in a fraction of a second. The machine's time goes on from stage to stage, so a disturbance hits whoever is
 * measured just then.
 */
export class ReplayedLoad {
  readonly #servers: ReadonlyMap<string, SimulatedServer>;
  readonly #shapes: readonly RequestShape[];
  readonly #noise: MachineNoise;
  readonly #random: Random;
  #now = 0;
  #burst: { readonly from: number; readonly to: number; readonly factor: number };

  /** `servers`: by the URL that jobs name. */
  constructor(
    servers: ReadonlyMap<string, SimulatedServer>,
    shapes: readonly RequestShape[],
    noise: MachineNoise,
    seed: number,
  ) {
    this.#servers = servers;
    this.#shapes = shapes;
    this.#noise = noise;
    this.#random = seededRandom(seed);
    this.#burst = this.#nextBurst();
  }

  /** Throws for a job with a URL or a stage that it cannot replay. */
  async run({ url, target, seed, stages }: ReplayJob): Promise<LoadReport> {
    const server = this.#servers.get(url);
    if (server === undefined) throw new Error(`no server is replayed at ${url}`);
    return {
      apiVersion,
      kind: "LoadReport",
      target,
      arrivals: "Poisson",
      stages: stages.map((stage) => {
        if (!("requestsPerSecond" in stage && "seconds" in stage)) throw new Error("only open stages can be replayed");
        return this.#stage(server, target, seed, Number(stage.requestsPerSecond), Number(stage.seconds));
      }),
      generatorCpuSeconds: 0,
      requestsInMix: this.#shapes.length,
    };
  }

  #stage(server: SimulatedServer, target: ServiceLevelTarget, seed: number, rate: number, seconds: number): LoadStage {
    const slow = this.#slowdown(seconds);
    const slowed = { ...server, noiseFactors: server.noiseFactors.map((factor) => factor * slow) };
    const arrivals = poissonArrivals(Math.max(1, Math.round(rate * seconds)), this.#shapes, seededRandom(seed));
    const { latencies } = simulate(slowed, arrivals, rate, this.#random, { queue: Number.POSITIVE_INFINITY });
    const milliseconds = latencies.map((latency) => latency / 1000).sort();
    const late = milliseconds.filter((latency) => latency > target.latencyMilliseconds).length;
    const at = (share: number) => quantile(milliseconds, share);
    const good = milliseconds.length - late;
    return {
      offeredRequestsPerSecond: rate,
      seconds,
      counts: { total: milliseconds.length, late, refused: 0, expired: 0, failed: 0, excluded: 0 },
      latencyMilliseconds: {
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        maximum: at(1),
      },
      goodRequestsPerSecond: good / seconds,
      answeredRequestsPerSecond: milliseconds.length / seconds,
      concurrency: milliseconds.reduce((sum, latency) => sum + latency, 0) / 1000 / seconds,
      sendDelayMilliseconds: 0,
    };
  }

  /** Lets the stage's time go by and says how slow the machine was; a stage that a burst touches is slow in proportion. */
  #slowdown(seconds: number): number {
    const [from, to] = [this.#now, this.#now + seconds];
    this.#now = to;
    let slow = Math.exp(this.#noise.drift * normal(this.#random));
    while (this.#burst.from < to) {
      const shared = Math.min(to, this.#burst.to) - Math.max(from, this.#burst.from);
      if (shared > 0) slow *= 1 + ((this.#burst.factor - 1) * shared) / seconds;
      if (this.#burst.to > to) break;
      this.#burst = this.#nextBurst();
    }
    return slow;
  }

  #nextBurst() {
    const { burstEvery, burstSeconds, burstFactor } = this.#noise;
    const between = ([least, most]: readonly [number, number]) => least + (most - least) * this.#random();
    const from = (this.#burst?.to ?? 0) + burstEvery * exponential(this.#random);
    return { from, to: from + between(burstSeconds), factor: between(burstFactor) };
  }
}
