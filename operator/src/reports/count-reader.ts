import type { Clock } from "../runtime/index.ts";
import { LastAnswer } from "./last-answer.ts";
import type { CountedTarget, PrometheusCounts } from "./prometheus-counts.ts";
import { Turns } from "./turns.ts";
import { waitAtMost } from "./wait-at-most.ts";
import { WantedEntries } from "./wanted-entries.ts";

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
  readonly last: LastAnswer<Counts>;
  askedAt: number;
  asking: Promise<void> | null;
}

type Counts = Exclude<PrometheusCounts, { readonly problem: string }>;

/** The requests of targets as Prometheus counts them. No look at a target but its first waits for an answer. */
export class CountReader {
  readonly #options: CountReaderOptions;
  readonly #turns: Turns;
  readonly #entries: WantedEntries<Entry>;

  constructor(options: CountReaderOptions) {
    this.#options = options;
    this.#turns = new Turns(options.atOnce ?? 8);
    this.#entries = new WantedEntries(options.clock, forgottenMilliseconds);
  }

  async read(target: CountedTarget): Promise<PrometheusCounts> {
    const { clock } = this.#options;
    const key = `${target.namespace}/${target.deployment}/${target.target}`;
    const entry = this.#entries.want(key, () => newEntry(clock));
    if (entry.asking === null && clock.now() - entry.askedAt >= intervalMilliseconds) {
      entry.askedAt = clock.now();
      entry.asking = this.#ask(entry, target);
    }
    if (entry.last.missing && entry.asking !== null) await waitAtMost(clock, patienceMilliseconds, entry.asking);
    return entry.last.read();
  }

  async #ask(entry: Entry, target: CountedTarget): Promise<void> {
    try {
      entry.last.note(await this.#turns.run(() => this.#options.fetch(target)));
    } finally {
      entry.asking = null;
    }
  }
}

const newEntry = (clock: Clock): Entry => ({
  last: new LastAnswer(clock, oldMilliseconds),
  askedAt: Number.NEGATIVE_INFINITY,
  asking: null,
});
