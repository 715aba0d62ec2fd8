import { type Clock, sleep, waitingFor } from "../runtime/index.ts";
import type { CountedTarget, PrometheusCounts } from "./prometheus-counts.ts";

export interface CountReaderOptions {
  readonly clock: Clock;
  /** Asks for the requests of a target. Ends within its own deadline and never throws. */
  readonly fetch: (target: CountedTarget) => Promise<PrometheusCounts>;
  /** Questions under way at the same time, by the whole operator. */
  readonly atOnce?: number;
}

/** Blocks have a minute, so that more would tell nothing new. */
const intervalMilliseconds = 20_000;
/** What was told last counts for so long while nothing else is. */
const oldMilliseconds = 90_000;
/** A target that was never told of is waited for. */
const patienceMilliseconds = 2000;
const forgottenMilliseconds = 10 * 60_000;

interface Entry {
  counts: PrometheusCounts | null;
  /** When the last good answer came. */
  countedAt: number;
  askedAt: number;
  wantedAt: number;
  asking: Promise<void> | null;
}

/** The requests of targets as Prometheus counts them. No look at a target but its first waits for an answer. */
export class CountReader {
  readonly #options: CountReaderOptions;
  readonly #atOnce: number;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: CountReaderOptions) {
    this.#options = options;
    this.#atOnce = options.atOnce ?? 8;
  }

  async read(target: CountedTarget): Promise<PrometheusCounts> {
    const { clock } = this.#options;
    const key = `${target.namespace}/${target.deployment}/${target.target}`;
    const entry = this.#entries.get(key) ?? newEntry();
    this.#entries.set(key, entry);
    entry.wantedAt = clock.now();
    if (entry.asking === null && clock.now() - entry.askedAt >= intervalMilliseconds) {
      entry.askedAt = clock.now();
      entry.asking = this.#ask(entry, target);
    }
    const { asking } = entry;
    if (entry.counts === null && asking !== null) {
      const patience = new AbortController();
      const enough = sleep(clock, patienceMilliseconds, patience.signal);
      await waitingFor<unknown>(clock, () => Promise.race([asking, enough]));
      patience.abort();
    }
    this.#sweep();
    return this.#answerOf(entry);
  }

  #answerOf({ counts, countedAt }: Entry): PrometheusCounts {
    if (counts === null) return { problem: "it has not answered yet" };
    const fresh = "problem" in counts || this.#options.clock.now() - countedAt <= oldMilliseconds;
    return fresh ? counts : { problem: "it answers no more" };
  }

  async #ask(entry: Entry, target: CountedTarget): Promise<void> {
    while (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      this.#note(entry, await this.#options.fetch(target));
    } finally {
      entry.asking = null;
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  #note(entry: Entry, found: PrometheusCounts): void {
    const now = this.#options.clock.now();
    if ("blocks" in found) Object.assign(entry, { counts: found, countedAt: now });
    else if (entry.counts === null || "problem" in entry.counts || now - entry.countedAt > oldMilliseconds)
      entry.counts = found;
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const [key, { wantedAt }] of this.#entries) {
      if (now - wantedAt >= forgottenMilliseconds) this.#entries.delete(key);
    }
  }
}

const newEntry = (): Entry => ({
  counts: null,
  countedAt: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  wantedAt: 0,
  asking: null,
});
