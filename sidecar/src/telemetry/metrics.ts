import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { BatchReport } from "../server/batch-report.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import type { JudgedOutcome } from "./service-level.ts";

/** What is read when somebody scrapes. */
export interface Snapshot {
  readonly queuedRows: number;
  readonly enginesReady: number;
  readonly engineRestarts: number;
  readonly costRatio: number | null;
}

/** Times of one answered request, microseconds. */
export interface StageTimes {
  readonly queue: number;
  readonly engine: number;
  readonly reply: number;
}

const durationBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const rowBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

type MetricName = keyof typeof metricCatalogue;
const describe = (name: MetricName) => ({ name, help: metricCatalogue[name].help });

/** The Prometheus side of telemetry: counts over the life of the process, over all plans. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter("sweetspot_requests_total");
  readonly #batchFailures = this.#counter("sweetspot_batch_failures_total");
  readonly #usefulLength = this.#counter("sweetspot_useful_length_total");
  readonly #paddedLength = this.#counter("sweetspot_padded_length_total");
  readonly #planInfo = this.#gauge("sweetspot_plan_info");
  readonly #planError = this.#gauge("sweetspot_plan_error");
  readonly #batchRows = this.#histogram("sweetspot_batch_rows", rowBuckets);
  readonly #stages = this.#stageChildren();
  #duration: Histogram | null = null;
  #targetSeconds = 0;

  /** `snapshot` is called at each scrape; null while no model runs. */
  constructor(snapshot: () => Snapshot | null) {
    this.#gauge("sweetspot_queued_rows", () => snapshot()?.queuedRows ?? 0);
    this.#gauge("sweetspot_engines_ready", () => snapshot()?.enginesReady ?? 0);
    this.#gauge("sweetspot_engine_restarts", () => snapshot()?.engineRestarts ?? 0);
    this.#gauge("sweetspot_cost_ratio", () => snapshot()?.costRatio ?? 0);
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

  request(outcome: JudgedOutcome): void {
    this.#requests.inc({ outcome });
  }

  answered(latencyMicroseconds: number, stages: StageTimes): void {
    this.#duration?.observe(latencyMicroseconds / 1e6);
    this.#stages.queue.observe(stages.queue / 1e6);
    this.#stages.engine.observe(stages.engine / 1e6);
    this.#stages.reply.observe(stages.reply / 1e6);
  }

  batch({ rows, usefulLength, paddedLength }: BatchReport): void {
    this.#batchRows.observe(rows);
    this.#usefulLength.inc(usefulLength);
    this.#paddedLength.inc(paddedLength);
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

  #counter(name: MetricName): Counter {
    return new Counter({ ...describe(name), labelNames: metricCatalogue[name].labels, registers: [this.#registry] });
  }

  #gauge(name: MetricName, read?: () => number): Gauge {
    const collect = read && { collect: (): void => gauge.set(read()) };
    const labelNames = metricCatalogue[name].labels;
    const gauge: Gauge = new Gauge({ ...describe(name), labelNames, registers: [this.#registry], ...collect });
    return gauge;
  }

  #histogram(name: MetricName, buckets: number[]): Histogram {
    const labelNames = metricCatalogue[name].labels;
    return new Histogram({ ...describe(name), labelNames, buckets, registers: [this.#registry] });
  }

  #stageChildren(): Record<keyof StageTimes, { observe(seconds: number): void }> {
    const histogram = this.#histogram("sweetspot_stage_duration_seconds", durationBuckets);
    const child = (stage: string) => histogram.labels({ stage });
    return { queue: child("queue"), engine: child("engine"), reply: child("reply") };
  }
}
