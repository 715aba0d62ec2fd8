import type { BatchReport } from "../server/batch-report.ts";
import type { StageTimes } from "./metrics.ts";
import type { JudgedOutcome } from "./service-level.ts";

/** How often something happened, and how long it took altogether, microseconds. */
export interface Total {
  readonly count: number;
  readonly microseconds: number;
}

/** A request that was not answered. */
export type FailureOutcome = Exclude<JudgedOutcome, "Good" | "Late">;

/** What was counted until now. */
export interface StatisticsSnapshot {
  /** Milliseconds since 1970; 0 before the first batch. */
  readonly lastInference: number;
  /** Rows and batches that engines finished. */
  readonly rows: number;
  readonly batches: number;
  readonly success: Total;
  readonly failures: Readonly<Record<FailureOutcome, Total>>;
  /** Of answered requests. */
  readonly stages: Readonly<Record<keyof StageTimes, Total>>;
  /** Finished batches by their rows, ascending. */
  readonly batchesOfRows: readonly (Total & { readonly rows: number })[];
}

/** Counts over the life of the process, in the form of Triton's statistics. */
export class InferenceStatistics {
  readonly #now: () => number;
  readonly #success = new RunningTotal();
  readonly #failures = {
    Refused: new RunningTotal(),
    Expired: new RunningTotal(),
    Failed: new RunningTotal(),
    Excluded: new RunningTotal(),
  };
  readonly #queue = new RunningTotal();
  readonly #engine = new RunningTotal();
  readonly #reply = new RunningTotal();
  readonly #preprocess = new RunningTotal();
  readonly #postprocess = new RunningTotal();
  readonly #batches = new Map<number, RunningTotal>();
  #lastInference = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  answered(latencyMicroseconds: number, { queue, engine, reply, preprocess, postprocess }: StageTimes): void {
    this.#success.add(latencyMicroseconds);
    this.#queue.add(queue);
    this.#engine.add(engine);
    this.#reply.add(reply);
    if (preprocess !== undefined) this.#preprocess.add(preprocess);
    if (postprocess !== undefined) this.#postprocess.add(postprocess);
  }

  failed(outcome: FailureOutcome, latencyMicroseconds: number): void {
    this.#failures[outcome].add(latencyMicroseconds);
  }

  batch({ rows, engineMicroseconds }: Pick<BatchReport, "rows" | "engineMicroseconds">): void {
    let total = this.#batches.get(rows);
    if (total === undefined) {
      total = new RunningTotal();
      this.#batches.set(rows, total);
    }
    total.add(engineMicroseconds);
    this.#lastInference = this.#now();
  }

  snapshot(): StatisticsSnapshot {
    const batchesOfRows = [...this.#batches]
      .map(([rows, total]) => ({ rows, ...total.value }))
      .sort((a, b) => a.rows - b.rows);
    const { Refused, Expired, Failed, Excluded } = this.#failures;
    return {
      lastInference: this.#lastInference,
      rows: batchesOfRows.reduce((sum, { rows, count }) => sum + rows * count, 0),
      batches: batchesOfRows.reduce((sum, { count }) => sum + count, 0),
      success: this.#success.value,
      failures: { Refused: Refused.value, Expired: Expired.value, Failed: Failed.value, Excluded: Excluded.value },
      stages: {
        queue: this.#queue.value,
        engine: this.#engine.value,
        reply: this.#reply.value,
        preprocess: this.#preprocess.value,
        postprocess: this.#postprocess.value,
      },
      batchesOfRows,
    };
  }
}

class RunningTotal {
  #count = 0;
  #microseconds = 0;

  add(microseconds: number): void {
    this.#count += 1;
    this.#microseconds += microseconds;
  }

  get value(): Total {
    return { count: this.#count, microseconds: this.#microseconds };
  }
}

export const sumOf = (totals: readonly Total[]): Total => ({
  count: totals.reduce((sum, { count }) => sum + count, 0),
  microseconds: totals.reduce((sum, { microseconds }) => sum + microseconds, 0),
});
