import { ApiError } from "../client/api-error.ts";
import type { KubeClient } from "../client/client.ts";
import { type Clock, microTime, sleep } from "../clock.ts";
import { type EventObject, type EventSource, eventOf, events, type Occurrence, seriesKey } from "./event-record.ts";

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly source: EventSource;
  /** Occurrences that wait to be sent; more are dropped. Default 256. */
  readonly queueLimit?: number;
  /** Series that are remembered, the least recent is forgotten. Default 1,000. */
  readonly seriesLimit?: number;
  /** Repetitions within so long of the last one belong to the series. Default 6 min. */
  readonly seriesMs?: number;
  /** A running series is written at most so often. Default 30 s. */
  readonly refreshMs?: number;
  readonly onDropped?: (why: "full" | "failed", error: unknown) => void;
}

interface Series {
  event: EventObject;
  count: number;
  lastAt: number;
  writtenAt: number;
  queued: boolean;
}

/** Between two requests, so that events never crowd out the real work. */
const paceMs = 100;

/**
 * Writes `events.k8s.io/v1` Events in the background. `record` only notes: it neither waits nor throws, and what
 * cannot be written is dropped and counted. Repetitions become the count of a series, written at most every 30 s.
 */
export class EventRecorder {
  readonly #options: Required<Omit<EventRecorderOptions, "onDropped">>;
  readonly #onDropped: NonNullable<EventRecorderOptions["onDropped"]>;
  readonly #series = new Map<string, Series>();
  readonly #queue: Series[] = [];
  /** What cancels the writes of repetitions that came too soon after the last one. */
  readonly #held = new Set<() => void>();
  #wake: (() => void) | null = null;

  constructor({ onDropped = () => {}, ...options }: EventRecorderOptions) {
    this.#options = { queueLimit: 256, seriesLimit: 1_000, seriesMs: 360_000, refreshMs: 30_000, ...options };
    this.#onDropped = onDropped;
  }

  record(occurrence: Occurrence): void {
    const { clock, seriesMs, source } = this.#options;
    const key = seriesKey(occurrence);
    const known = this.#series.get(key);
    this.#series.delete(key);
    if (known !== undefined && clock.now() - known.lastAt < seriesMs) {
      known.count++;
      known.lastAt = clock.now();
      this.#remember(key, known);
      this.#enqueue(known);
      return;
    }
    const event = eventOf(occurrence, source, clock.wallTime());
    const series = { event, count: 1, lastAt: clock.now(), writtenAt: Number.NEGATIVE_INFINITY, queued: false };
    this.#remember(key, series);
    this.#enqueue(series);
  }

  /** Sends until `signal` aborts; counts that are not yet due then are not written. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const series = this.#queue.shift();
      if (series === undefined) await this.#nextRecord(signal);
      else {
        series.queued = false;
        await this.#send(series, signal);
        await sleep(this.#options.clock, paceMs, signal);
      }
    }
    for (const cancel of this.#held) cancel();
    this.#held.clear();
  }

  #remember(key: string, series: Series): void {
    this.#series.set(key, series);
    if (this.#series.size <= this.#options.seriesLimit) return;
    const [oldest] = this.#series.keys();
    if (oldest !== undefined) this.#series.delete(oldest);
  }

  #enqueue(series: Series): void {
    const { clock, refreshMs, queueLimit } = this.#options;
    if (series.queued) return;
    const early = series.writtenAt + refreshMs - clock.now();
    if (early > 0) {
      this.#hold(series, early);
      return;
    }
    if (this.#queue.length >= queueLimit) {
      this.#onDropped("full", undefined);
      return;
    }
    series.queued = true;
    this.#queue.push(series);
    this.#wake?.();
  }

  /** There may be no other repetition that would take this one's count along. */
  #hold(series: Series, milliseconds: number): void {
    series.queued = true;
    const cancel = this.#options.clock.after(milliseconds, () => {
      this.#held.delete(cancel);
      series.queued = false;
      this.#enqueue(series);
    });
    this.#held.add(cancel);
  }

  async #nextRecord(signal: AbortSignal): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const stopped = () => this.#wake?.();
    signal.addEventListener("abort", stopped, { once: true });
    await woken;
    signal.removeEventListener("abort", stopped);
    this.#wake = null;
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const first = series.writtenAt === Number.NEGATIVE_INFINITY;
    const { clock } = this.#options;
    series.writtenAt = clock.now();
    try {
      if (first) await this.#options.client.create(events, series.event, { signal });
      else await this.#update(series, signal);
    } catch (error) {
      this.#onDropped("failed", error);
    }
  }

  async #update(series: Series, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const lastObservedTime = microTime(clock.wallTime());
    const patch = { series: { count: series.count, lastObservedTime } };
    try {
      await client.mergePatch(events, series.event.metadata, patch, { signal });
    } catch (error) {
      // The API server forgets events after an hour: begin anew.
      if (!(error instanceof ApiError && error.notFound)) throw error;
      await client.create(events, { ...series.event, ...patch }, { signal });
    }
  }
}
