import { isReady } from "../pods/pod-state.ts";
import type { Pod } from "../resources.ts";
import type { Clock } from "../runtime/index.ts";
import type { PodReport } from "./fetch-report.ts";
import { LastAnswer } from "./last-answer.ts";
import { implausible } from "./plausible.ts";
import { Turns } from "./turns.ts";
import { waitAtMost } from "./wait-at-most.ts";
import { WantedEntries } from "./wanted-entries.ts";

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
  readonly last: LastAnswer<GoodReport>;
  askedAt: number;
  failures: number;
  ready: boolean;
  asking: Promise<void> | null;
}

type GoodReport = Exclude<PodReport, { readonly problem: string }>;

/**
 * The reports of serving pods. Many reconciles share it, so that all pods of a cluster together are asked by a bounded number
 * of requests, and no reconcile waits for a pod that does not answer.
 */
export class ReportReader {
  readonly #options: ReportReaderOptions;
  readonly #turns: Turns;
  readonly #entries: WantedEntries<Entry>;

  constructor(options: ReportReaderOptions) {
    this.#options = options;
    this.#turns = new Turns(options.atOnce ?? 64);
    this.#entries = new WantedEntries(options.clock, forgottenMilliseconds);
  }

  /** What pods that run say now, by their UID; `modelName`: what they should serve. */
  async read(pods: readonly Pod[], modelName: string): Promise<Map<string, PodReport>> {
    const running = pods.filter(({ status }) => status?.phase === "Running" && status.podIP !== undefined);
    const asked = running.map((pod) => [pod.metadata.uid ?? "", this.#ask(pod, modelName)] as const);
    const waitedFor = asked.flatMap(([, { asking, failures }]) => (asking === null || failures > 0 ? [] : [asking]));
    if (waitedFor.length > 0) await waitAtMost(this.#options.clock, patienceMilliseconds, Promise.all(waitedFor));
    return new Map(asked.map(([uid, { last }]) => [uid, last.read()]));
  }

  #ask(pod: Pod, modelName: string): Entry {
    const { clock } = this.#options;
    const now = clock.now();
    const entry = this.#entries.want(pod.metadata.uid ?? "", () => newEntry(clock));
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
    try {
      const found = await this.#turns.run(() => this.#options.fetch(address));
      const judged = "report" in found ? (implausible(found.report, modelName) ?? found) : found;
      entry.failures = "report" in judged ? 0 : entry.failures + 1;
      entry.last.note(judged);
    } finally {
      entry.asking = null;
    }
  }
}

const newEntry = (clock: Clock): Entry => ({
  last: new LastAnswer(clock, oldMilliseconds),
  askedAt: Number.NEGATIVE_INFINITY,
  failures: 0,
  ready: false,
  asking: null,
});

const pauseAfter = (failures: number): number =>
  Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** (failures - 1));
