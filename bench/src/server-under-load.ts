import type { LoadStage } from "@sweetspot/crds";
import { LoadClient, type RequestMix } from "@sweetspot/tuner";
import type { Contestant } from "./rounds.ts";

/** Clients of a measurement of saturation: enough for any server to fill its batches. */
const connections = 64;
const seed = 11;
/** V8 compiles a server of ours and the load generator again and again in their first seconds of full load. */
const warmUpSeconds = 8;
const trialWarmUpSeconds = 2;
const emptyMilliseconds = 500;

/** A server that somebody else started, and how to end it. */
export interface RunningServer {
  readonly inferUrl: string;
  readonly close: () => Promise<void>;
  /** Called before and after each measurement, for servers that burn CPU while they idle. */
  readonly resume?: () => void;
  readonly pause?: () => void;
}

/** A server with a load process of its own, idle until it is measured. */
export class ServerUnderLoad implements Contestant {
  readonly name: string;
  readonly #server: RunningServer;
  readonly #load: LoadClient;
  readonly #seconds: number;

  private constructor(name: string, server: RunningServer, load: LoadClient, seconds: number) {
    this.name = name;
    this.#server = server;
    this.#load = load;
    this.#seconds = seconds;
  }

  /** Takes the server over: it is closed with the result, or here where the load process does not start. */
  static async start(name: string, server: RunningServer, mix: RequestMix, seconds = 2): Promise<ServerUnderLoad> {
    try {
      return new ServerUnderLoad(name, server, await LoadClient.start(mix), seconds);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  warmUp = async (seconds = warmUpSeconds): Promise<void> => {
    await this.#saturate(seconds);
  };

  /** Answers per second at saturation. Throws where a request was not answered. */
  measure = (): Promise<number> => this.#saturate(this.#seconds);

  /** As `measure`, for a grid: the best of two after a warm-up, because a slow moment of the machine decides nothing. */
  trial = async (): Promise<number> => {
    await this.#saturate(trialWarmUpSeconds);
    return Math.max(await this.measure(), await this.measure());
  };

  /**
   * One stage of Poisson arrivals, ended early once it cannot keep the target (milliseconds, p99) any more: a server beyond
   * its capacity would take longer and longer to empty its queue. The pause lets it do so before whatever comes next.
   */
  async offer(requestsPerSecond: number, seconds: number, round: number, target: number): Promise<LoadStage> {
    const job = {
      url: this.#server.inferUrl,
      target: { percentile: "P99" as const, latencyMilliseconds: target },
      seed: seed + round,
      timeoutMilliseconds: 60_000,
      maximumConnections: 256,
      earlyStop: { minimumRequests: 200, factor: 1 },
      stages: [{ requestsPerSecond, seconds }],
    };
    return this.#awake(async () => {
      const { stages } = await this.#load.run(job);
      await new Promise((resolve) => setTimeout(resolve, emptyMilliseconds));
      return stages[0] as LoadStage;
    });
  }

  async #saturate(seconds: number): Promise<number> {
    const job = {
      url: this.#server.inferUrl,
      target: { percentile: "P99" as const, latencyMilliseconds: 60_000 },
      seed,
      timeoutMilliseconds: 60_000,
      stages: [
        { connections, seconds: 0.5 },
        { connections, seconds },
      ],
    };
    const { stages } = await this.#awake(() => this.#load.run(job));
    const stage = stages.at(-1);
    if (stage === undefined || stage.counts.failed + stage.counts.refused + stage.counts.excluded > 0) {
      throw new Error(`${this.name} did not answer every request: ${JSON.stringify(stage?.counts)}`);
    }
    return stage.answeredRequestsPerSecond;
  }

  async #awake<T>(work: () => Promise<T>): Promise<T> {
    this.#server.resume?.();
    try {
      return await work();
    } finally {
      this.#server.pause?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.close();
    await this.#server.close();
  }
}
