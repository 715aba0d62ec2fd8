import { apiVersion, type LoadReport, type LoadStage } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { mixOrder, poissonArrivals } from "./arrivals.ts";
import { runClosedLoop } from "./closed-loop.ts";
import { type ClosedStage, connectionsOf, type LoadJob, timeoutOf } from "./load-job.ts";
import { runOpenLoop } from "./open-loop.ts";
import type { RequestMix } from "./request-mix.ts";
import { RequestSender } from "./request-sender.ts";
import { StageRecorder } from "./stage-recorder.ts";
import { Traffic } from "./traffic.ts";

/** Servers whose connections are kept open between jobs. */
const keptServers = 8;

/**
 * Runs jobs with one mix and reports what came back. Connections stay open between jobs to the same server.
 * Works in the calling thread: use `LoadClient` wherever a server or an engine shares the process.
 */
export class LoadGenerator {
  readonly #mix: RequestMix;
  readonly #senders = new Map<string, RequestSender>();

  /** Throws `RangeError` for an empty mix. */
  constructor(mix: RequestMix) {
    if (mix.requests.length === 0) throw new RangeError("the mix holds no request");
    this.#mix = mix;
  }

  /**
   * Runs the stages of a job one after the other, each drained before the next begins. The same seed gives the same
   * arrivals and the same requests, so that two servers can be compared in pairs. The first stage to a server also
   * warms up connections on both sides: give it a short one of its own, and leave that out of the result.
   *
   * @param stop ends the current stage; the report then holds the stages so far
   */
  async run(job: LoadJob, stop?: AbortSignal): Promise<LoadReport> {
    const before = process.cpuUsage();
    const stages = await this.#runStages(job, stop ?? new AbortController().signal);
    const used = process.cpuUsage(before);
    return {
      apiVersion,
      kind: "LoadReport",
      target: job.target,
      arrivals: job.stages.some((stage) => "connections" in stage) ? "ClosedLoop" : "Poisson",
      stages,
      generatorCpuSeconds: (used.user + used.system) / 1e6,
      requestsInMix: this.#mix.requests.length,
    };
  }

  async close(): Promise<void> {
    const senders = [...this.#senders.values()];
    this.#senders.clear();
    await Promise.all(senders.map((sender) => sender.close()));
  }

  async #runStages(job: LoadJob, stop: AbortSignal): Promise<LoadStage[]> {
    const resources = { mix: this.#mix, sender: await this.#senderFor(job), stop };
    const stages: LoadStage[] = [];
    for (const index of job.stages.keys()) {
      if (stop.aborted) break;
      stages.push(await runStage(job, index, resources));
    }
    return stages;
  }

  async #senderFor(job: LoadJob): Promise<RequestSender> {
    const key = `${job.url} ${connectionsOf(job)}`;
    const sender = this.#senders.get(key) ?? new RequestSender(job.url, connectionsOf(job));
    // Set anew, it becomes the youngest of the map.
    this.#senders.delete(key);
    this.#senders.set(key, sender);
    const [oldest] = this.#senders;
    if (oldest !== undefined && this.#senders.size > keptServers) {
      this.#senders.delete(oldest[0]);
      await oldest[1].close();
    }
    return sender;
  }
}

interface Resources {
  readonly mix: RequestMix;
  readonly sender: RequestSender;
  readonly stop: AbortSignal;
}

function runStage(job: LoadJob, index: number, { mix, sender, stop }: Resources): Promise<LoadStage> {
  const stage = job.stages[index];
  if (stage === undefined) throw new RangeError("no such stage");
  const { target, earlyStop } = job;
  // Each stage has a sequence of its own, so that an early stop does not change the stages after it.
  const random = seededRandom((job.seed % 2 ** 32) + index * 2 ** 32);
  const recorder = new StageRecorder(target.latencyMilliseconds);
  const arrivals = "connections" in stage ? null : poissonArrivals(stage.requestsPerSecond, stage.seconds, random);
  // Created last: the clock of the stage starts with it.
  const traffic = new Traffic({
    sender,
    mix,
    next: mixOrder(mix.requests.length, random),
    recorder,
    targetMilliseconds: target.latencyMilliseconds,
    timeoutMilliseconds: timeoutOf(job),
  });
  if (arrivals === null || "connections" in stage) return runClosedLoop(stage as ClosedStage, traffic, recorder, stop);
  return runOpenLoop({ stage, arrivals, target, earlyStop, stop }, traffic, recorder);
}
