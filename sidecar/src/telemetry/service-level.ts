import type { LatencySummary, RequestCounts, ServiceLevelTarget } from "@sweetspot/crds";
import { median } from "@sweetspot/planner";
import type { ErrorOutcome } from "../protocol/error-catalogue.ts";
import type { BatchReport } from "../server/batch-report.ts";
import { LogHistogram } from "./log-histogram.ts";
import type { StageTimes } from "./metrics.ts";
import { RecentTraffic } from "./recent-traffic.ts";

/** How one request ended. */
export type Outcome = "Answered" | ErrorOutcome;
/** The same, with the target applied. */
export type JudgedOutcome = "Good" | "Late" | ErrorOutcome;

/** Wants to know of each request, by its arrival (microseconds on the server's clock). */
export interface RequestWatcher {
  began(arrival: number): void;
  ended(arrival: number, outcome: Outcome, latencyMicroseconds: number): void;
}

const recentBatches = 256;

/** What a server counts since it took its plan. One per plan, so that a new plan is judged by its own traffic. */
export class ServiceLevel {
  readonly target: ServiceLevelTarget;
  readonly since: Date;
  /** While a plan is on trial. */
  watcher: RequestWatcher | null = null;
  #traffic = new RecentTraffic();
  readonly #latency = new LogHistogram();
  readonly #counts = { Good: 0, Late: 0, Refused: 0, Expired: 0, Failed: 0, Excluded: 0 };
  readonly #ratios = new Float64Array(recentBatches);
  #measuredBatches = 0;
  batches = 0;
  rows = 0;
  usefulLength = 0;
  paddedLength = 0;

  constructor(target: ServiceLevelTarget, since: Date) {
    this.target = target;
    this.since = since;
  }

  /** What happened of late, also under the plans before. */
  get traffic(): RecentTraffic {
    return this.#traffic;
  }

  /** Goes on with the recent traffic of the plan before. */
  follow(before: ServiceLevel): void {
    this.#traffic = before.#traffic;
  }

  /** Counts one request. Only answered ones have a latency (microseconds, from arrival to the sent answer). */
  request(outcome: Outcome, latencyMicroseconds: number): JudgedOutcome {
    const judged = outcome === "Answered" ? this.#judge(latencyMicroseconds) : outcome;
    this.#counts[judged] += 1;
    if (judged !== "Excluded") this.#traffic.request(judged !== "Good");
    return judged;
  }

  /** Where the time of an answered request went. */
  answered(stages: StageTimes): void {
    this.#traffic.answered(stages);
  }

  /** A request, or a row of one that is split, wants an engine. */
  arrived({ rows, length }: { readonly rows: number; readonly length: number }): void {
    this.#traffic.size(rows, length);
  }

  batch(report: BatchReport): void {
    this.batches += 1;
    this.rows += report.rows;
    this.usefulLength += report.usefulLength;
    this.paddedLength += report.paddedLength;
    this.#traffic.batch(report);
    if (report.expectedMicroseconds === null || report.engineMicroseconds <= 0) return;
    this.#ratios[this.#measuredBatches % recentBatches] = report.engineMicroseconds / report.expectedMicroseconds;
    this.#measuredBatches += 1;
  }

  counts(): RequestCounts {
    const { Good, Late, Refused, Expired, Failed, Excluded } = this.#counts;
    return {
      total: Good + Late + Refused + Expired + Failed,
      late: Late,
      refused: Refused,
      expired: Expired,
      failed: Failed,
      excluded: Excluded,
    };
  }

  /** Over all answered requests, late ones included. */
  latencyMilliseconds(): LatencySummary {
    const at = (share: number) => milliseconds(this.#latency.quantile(share));
    const maximum = milliseconds(this.#latency.maximum);
    return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999), maximum };
  }

  /** Median observed/expected engine time of recent batches; null without a cost table or traffic. */
  costRatio(): number | null {
    const count = Math.min(this.#measuredBatches, recentBatches);
    return count === 0 ? null : median([...this.#ratios.subarray(0, count)]);
  }

  #judge(latencyMicroseconds: number): "Good" | "Late" {
    this.#latency.record(latencyMicroseconds);
    return latencyMicroseconds > this.target.latencyMilliseconds * 1000 ? "Late" : "Good";
  }
}

const milliseconds = (microseconds: number | null): number | null =>
  microseconds === null ? null : microseconds / 1000;
