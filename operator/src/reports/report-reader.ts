import { isReady } from "../pods/pod-state.ts";
import type { Pod } from "../resources.ts";
import { type Clock, sleep, waitingFor } from "../runtime/index.ts";
import type { PodReport } from "./fetch-report.ts";
import { implausible } from "./plausible.ts";

export interface ReportReaderOptions {
  readonly clock: Clock;
  /** Asks the pod at an address. Ends within its own deadline and never throws. */
  readonly fetch: (address: string) => Promise<PodReport>;
  /** Pods that are asked at the same time, by the whole operator. */
  readonly atOnce?: number;
}

/** A reconcile waits no longer for pods; what comes later is there for the next one. */
const patienceMilliseconds = 300;
/** An answer so fresh is not asked for again. */
const freshMilliseconds = 250;
/** A pod that is too busy to answer has said something until so long ago. */
const oldMilliseconds = 15_000;
/** A pod that fails to answer is asked after this long, twice as long each time, and at least so often. */
const firstPauseMilliseconds = 500;
const longestPauseMilliseconds = 5000;
/** Of a pod that nobody asked about for so long nothing is kept. */
const forgottenMilliseconds = 5 * 60_000;

interface Entry {
  report: PodReport | null;
  /** When the last good report came. */
  reportedAt: number;
  askedAt: number;
  wantedAt: number;
  failures: number;
  ready: boolean;
  asking: Promise<void> | null;
}

/**
 * The reports of serving pods. Many reconciles share it, so that all pods of a cluster together are asked by a bounded number
 * of requests, and no reconcile waits for a pod that does not answer.
 */
export class ReportReader {
  readonly #options: ReportReaderOptions;
  readonly #atOnce: number;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #sweptAt = 0;

  constructor(options: ReportReaderOptions) {
    this.#options = options;
    this.#atOnce = options.atOnce ?? 64;
  }

  /** What pods that run say now, by their UID; `modelName`: what they should serve. */
  async read(pods: readonly Pod[], modelName: string): Promise<Map<string, PodReport>> {
    const { clock } = this.#options;
    const running = pods.filter(({ status }) => status?.phase === "Running" && status.podIP !== undefined);
    const asked = running.map((pod) => [pod.metadata.uid ?? "", this.#ask(pod, modelName)] as const);
    const waitedFor = asked.flatMap(([, { asking, failures }]) => (asking === null || failures > 0 ? [] : [asking]));
    if (waitedFor.length > 0) {
      const patience = new AbortController();
      const answers = Promise.all(waitedFor);
      const enough = sleep(clock, patienceMilliseconds, patience.signal);
      await waitingFor<unknown>(clock, () => Promise.race([answers, enough]));
      patience.abort();
    }
    this.#sweep();
    return new Map(asked.map(([uid, entry]) => [uid, this.#answerOf(entry)]));
  }

  #answerOf({ report, reportedAt }: Entry): PodReport {
    const age = this.#options.clock.now() - reportedAt;
    if (report === null) return { problem: "it has not answered yet" };
    return "problem" in report || age <= oldMilliseconds ? report : { problem: "it answers no more" };
  }

  #ask(pod: Pod, modelName: string): Entry {
    const now = this.#options.clock.now();
    const uid = pod.metadata.uid ?? "";
    const entry = this.#entries.get(uid) ?? newEntry();
    this.#entries.set(uid, entry);
    entry.wantedAt = now;
    // One that has just become ready is worth another try.
    if (entry.ready !== isReady(pod)) entry.failures = 0;
    entry.ready = isReady(pod);
    const pause = entry.failures === 0 ? freshMilliseconds : pauseAfter(entry.failures);
    if (entry.asking === null && now - entry.askedAt >= pause) {
      entry.askedAt = now;
      entry.asking = this.#fetch(entry, pod.status?.podIP ?? "", modelName);
    }
    return entry;
  }

  async #fetch(entry: Entry, address: string, modelName: string): Promise<void> {
    await this.#turn();
    try {
      const found = await this.#options.fetch(address);
      this.#note(entry, "report" in found ? (implausible(found.report, modelName) ?? found) : found);
    } finally {
      entry.asking = null;
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  #note(entry: Entry, found: PodReport): void {
    const { clock } = this.#options;
    if ("report" in found) {
      Object.assign(entry, { report: found, reportedAt: clock.now(), failures: 0 });
      return;
    }
    entry.failures += 1;
    const old = entry.report !== null && "report" in entry.report;
    if (!old || clock.now() - entry.reportedAt > oldMilliseconds) entry.report = found;
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    if (now - this.#sweptAt < forgottenMilliseconds) return;
    this.#sweptAt = now;
    for (const [uid, { wantedAt }] of this.#entries) {
      if (now - wantedAt >= forgottenMilliseconds) this.#entries.delete(uid);
    }
  }
}

const newEntry = (): Entry => ({
  report: null,
  reportedAt: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  wantedAt: 0,
  failures: 0,
  ready: false,
  asking: null,
});

const pauseAfter = (failures: number): number =>
  Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** (failures - 1));
