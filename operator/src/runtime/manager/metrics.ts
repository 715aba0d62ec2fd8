import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { RestartReason } from "../cache/reflector.ts";
import type { RequestObservation } from "../client/requester.ts";
import type { Outcome } from "./outcome.ts";

/** Every metric of the runtime, by its name without the prefix: what it counts and by which labels. */
export const metricCatalogue = {
  queue_depth: "Keys that wait for a worker, by controller.",
  reconcile_duration_seconds: "Duration of reconciles, by controller and outcome.",
  reconcile_own_duration_seconds:
    "Duration of reconciles without their waits for the API server and pods, by controller.",
  reconcile_panics_total: "Reconciles that threw something else than an error of the API, by controller.",
  watch_restarts_total: "Ends of watches, by resource and reason (ended, quiet, gone, stale, error).",
  handler_errors_total: "Exceptions in change handlers, by resource.",
  cache_objects: "Objects in the cache, by resource.",
  api_requests_total: "Requests to the API server, by verb, resource and code.",
  api_request_duration_seconds: "Time to the head of the answer, by verb.",
  events_dropped_total: "Events that were not written, by reason (full, failed).",
  leader: "1 while this process may write.",
} as const;

type Name = keyof typeof metricCatalogue;

/** The metrics of one manager, in a registry of their own unless one is given. */
export class RuntimeMetrics {
  readonly registry: Registry;
  readonly #prefix: string;
  readonly #reconciles: Histogram<"controller" | "outcome">;
  readonly #ownReconciles: Histogram<"controller">;
  readonly #panics: Counter<"controller">;
  readonly #restarts: Counter<"resource" | "reason">;
  readonly #handlerErrors: Counter<"resource">;
  readonly #requests: Counter<"verb" | "resource" | "code">;
  readonly #requestSeconds: Histogram<"verb">;
  readonly #dropped: Counter<"reason">;

  constructor(prefix: string, registry = new Registry()) {
    this.#prefix = prefix;
    this.registry = registry;
    const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    const both = { buckets };
    this.#reconciles = new Histogram({
      ...this.#named("reconcile_duration_seconds"),
      ...both,
      labelNames: ["controller", "outcome"],
    });
    this.#ownReconciles = new Histogram({
      ...this.#named("reconcile_own_duration_seconds"),
      ...both,
      labelNames: ["controller"],
    });
    this.#panics = new Counter({ ...this.#named("reconcile_panics_total"), labelNames: ["controller"] });
    this.#restarts = new Counter({ ...this.#named("watch_restarts_total"), labelNames: ["resource", "reason"] });
    this.#handlerErrors = new Counter({ ...this.#named("handler_errors_total"), labelNames: ["resource"] });
    this.#requests = new Counter({ ...this.#named("api_requests_total"), labelNames: ["verb", "resource", "code"] });
    this.#requestSeconds = new Histogram({
      ...this.#named("api_request_duration_seconds"),
      ...both,
      labelNames: ["verb"],
    });
    this.#dropped = new Counter({ ...this.#named("events_dropped_total"), labelNames: ["reason"] });
  }

  observeRequest({ verb, resource, code, seconds }: RequestObservation): void {
    this.#requests.inc({ verb, resource, code });
    this.#requestSeconds.observe({ verb }, seconds);
  }

  /** `ownSeconds`: without waiting for others. */
  observeReconcile(controller: string, outcome: Outcome["kind"], seconds: number, ownSeconds: number): void {
    this.#reconciles.observe({ controller, outcome }, seconds);
    this.#ownReconciles.observe({ controller }, ownSeconds);
  }

  countPanic(controller: string): void {
    this.#panics.inc({ controller });
  }

  countRestart(resource: string, reason: RestartReason): void {
    this.#restarts.inc({ resource, reason });
  }

  countHandlerError(resource: string): void {
    this.#handlerErrors.inc({ resource });
  }

  countDroppedEvent(reason: "full" | "failed"): void {
    this.#dropped.inc({ reason });
  }

  /** Gauges are read when they are scraped; each source is a label value and how to get its number. */
  gauge(name: Name, label: string, sources: () => Iterable<readonly [string, number]>): void {
    new Gauge({
      ...this.#named(name),
      labelNames: label === "" ? [] : [label],
      collect() {
        this.reset();
        for (const [value, number] of sources()) this.set(label === "" ? {} : { [label]: value }, number);
      },
    });
  }

  #named(name: Name): { name: string; help: string; registers: Registry[] } {
    return { name: `${this.#prefix}${name}`, help: metricCatalogue[name], registers: [this.registry] };
  }
}
