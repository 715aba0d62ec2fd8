import { Counter, Gauge, type Metric, Registry } from "prom-client";
import type { BatchReport } from "../server/batch-report.ts";
import { BucketHistogram } from "./bucket-histogram.ts";
import { InferenceStatistics } from "./inference-statistics.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import type { JudgedOutcome } from "./service-level.ts";

/** What is read when somebody scrapes. */
export interface Snapshot {
  readonly queuedRows: number;
  readonly enginesReady: number;
  readonly engineRestarts: number;
  readonly costRatio: number | null;
  readonly commissioningRatio: number | null;
}

/** Times of one answered request, microseconds. */
export interface StageTimes {
  readonly queue: number;
  readonly engine: number;
  readonly reply: number;
  /** From text to tokens or from image to pixels, and pooling or classification; only where a plan has a pipeline. */
  readonly preprocess?: number;
  readonly postprocess?: number;
}

const durationBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const stageNames = [
  "queue",
  "engine",
  "reply",
  "preprocess",
  "postprocess",
] as const satisfies readonly (keyof StageTimes)[];
const rowBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

type MetricName = keyof typeof metricCatalogue;
const describe = (name: MetricName) => ({ name, help: metricCatalogue[name].help });

/** The Prometheus side of telemetry: counts over the life of the process, over all plans. */
export class Metrics {
  /** The same in Triton's form. */
  readonly statistics = new InferenceStatistics(Date.now);
  readonly #registry = new Registry();
  readonly #outcomes = new Map<JudgedOutcome, number>();
  readonly #batchFailures = this.#counter("sweetspot_batch_failures_total");
  readonly #usefulLength = this.#counter("sweetspot_useful_length_total");
  readonly #paddedLength = this.#counter("sweetspot_padded_length_total");
  readonly #planInfo = this.#gauge("sweetspot_plan_info");
  readonly #planError = this.#gauge("sweetspot_plan_error");
  readonly #batchRows = this.#histogram("sweetspot_batch_rows", rowBuckets);
  readonly #stages = this.#histogram("sweetspot_stage_duration_seconds", durationBuckets, stageNames);
  readonly #eventLoopDelay = this.#histogram("sweetspot_event_loop_delay_seconds", durationBuckets);
  #duration: BucketHistogram | null = null;
  #targetSeconds = 0;

  /** `snapshot` is called at each scrape; null while no model runs. */
  constructor(snapshot: () => Snapshot | null) {
    const requests: Counter = this.#counter("sweetspot_requests_total", () => {
      requests.reset();
      for (const [outcome, count] of this.#outcomes) requests.inc({ outcome }, count);
    });
    this.#gauge("sweetspot_queued_rows", () => snapshot()?.queuedRows ?? 0);
    this.#gauge("sweetspot_engines_ready", () => snapshot()?.enginesReady ?? 0);
    this.#gauge("sweetspot_engine_restarts", () => snapshot()?.engineRestarts ?? 0);
    this.#gauge("sweetspot_cost_ratio", () => snapshot()?.costRatio ?? 0);
    this.#gauge("sweetspot_commissioning_ratio", () => snapshot()?.commissioningRatio ?? 0);
    this.#planError.set(0);
  }

  /** A plan was taken. Another target restarts the latency histogram, because its buckets change. */
  planTaken(revision: string, targetMilliseconds: number): void {
    this.#planInfo.reset();
    this.#planInfo.set({ revision }, 1);
    this.#planError.set(0);
    const seconds = targetMilliseconds / 1000;
    if (seconds === this.#targetSeconds) return;
    this.#targetSeconds = seconds;
    this.#registry.removeSingleMetric("sweetspot_request_duration_seconds");
    const buckets = [...new Set([...durationBuckets, seconds])].sort((a, b) => a - b);
    this.#duration = this.#histogram("sweetspot_request_duration_seconds", buckets);
  }

  /** The plan that runs is the one that is wanted. */
  planConfirmed(): void {
    this.#planError.set(0);
  }

  planRefused(): void {
    this.#planError.set(1);
  }

  request(outcome: JudgedOutcome, latencyMicroseconds: number): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (outcome !== "Good" && outcome !== "Late") this.statistics.failed(outcome, latencyMicroseconds);
  }

  answered(latencyMicroseconds: number, stages: StageTimes): void {
    this.#duration?.observe(latencyMicroseconds / 1e6);
    this.statistics.answered(latencyMicroseconds, stages);
    for (const [index, stage] of stageNames.entries()) {
      const microseconds = stages[stage];
      if (microseconds !== undefined) this.#stages.observe(microseconds / 1e6, index);
    }
  }

  batch(report: BatchReport): void {
    const { rows, usefulLength, paddedLength } = report;
    this.statistics.batch(report);
    this.#batchRows.observe(rows);
    this.#usefulLength.inc(usefulLength);
    this.#paddedLength.inc(paddedLength);
  }

  eventLoopDelay(seconds: number): void {
    this.#eventLoopDelay.observe(seconds);
  }

  batchFailed(kind: string): void {
    this.#batchFailures.inc({ kind });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter(name: MetricName, collect?: () => void): Counter {
    const labelNames = metricCatalogue[name].labels;
    return new Counter({ ...describe(name), labelNames, registers: [this.#registry], ...(collect && { collect }) });
  }

  #gauge(name: MetricName, read?: () => number): Gauge {
    const collect = read && { collect: (): void => gauge.set(read()) };
    const labelNames = metricCatalogue[name].labels;
    const gauge: Gauge = new Gauge({ ...describe(name), labelNames, registers: [this.#registry], ...collect });
    return gauge;
  }

  #histogram(name: MetricName, buckets: number[], values?: readonly string[]): BucketHistogram {
    const [label] = metricCatalogue[name].labels;
    const labelled = label === undefined || values === undefined ? {} : { label: { name: label, values } };
    const histogram = new BucketHistogram({ ...describe(name), buckets, ...labelled });
    this.#registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  }
}
