import type { Registry } from "prom-client";
import { Applier } from "../apply/applier.ts";
import { Reflector } from "../cache/reflector.ts";
import { type Cache, Store, type StoreOptions } from "../cache/store.ts";
import { KubeClient } from "../client/client.ts";
import { OutageGate } from "../client/outage-gate.ts";
import type { ClientOptions } from "../client/requester.ts";
import type { Transport } from "../client/transport.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import { EventRecorder } from "../events/event-recorder.ts";
import { LeaderElector } from "../lease/leader-elector.ts";
import type { KubernetesObject, ObjectReference, Resource } from "../resource.ts";
import { Controller, type ControllerOptions } from "./controller.ts";
import { type HealthServer, startHealthServer } from "./health-server.ts";
import type { Logger } from "./logger.ts";
import { RuntimeMetrics } from "./metrics.ts";

export interface ManagerOptions {
  readonly transport: Transport;
  readonly logger: Logger;
  /** Field manager of server-side apply, and reporting controller of events. */
  readonly name: string;
  /** This process, unique among those that run at the same time: the pod's name. */
  readonly identity: string;
  /** The Lease to hold before writing; null for a process that is alone by construction (tests, a laptop). */
  readonly lease: Required<ObjectReference> | null;
  /** How long others wait after the last renewal before they take over; default 15 s. */
  readonly leaseDurationMs?: number;
  /** Port of `/healthz`, `/readyz` and `/metrics`; null for none. */
  readonly healthPort: number | null;
  readonly healthHost?: string;
  readonly registry?: Registry;
  /** Default `operator_`. */
  readonly metricsPrefix?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of a process that has one manager after the other: a new one must not begin with a burst during an outage. */
  readonly gate?: OutageGate;
  /** How long reconciles that run at shutdown may still take before their signal aborts. Default 10 s. */
  readonly drainMs?: number;
}

export interface CacheOptions<T extends KubernetesObject> extends Pick<StoreOptions<T>, "indexes" | "trim"> {
  readonly namespace?: string;
  /** Equality only: it is also applied to the results of our own writes. */
  readonly labels?: Readonly<Record<string, string>>;
  /** With it, results of own writes are not put into the cache: only the API server can tell whether they belong. */
  readonly fieldSelector?: string;
  readonly quietMs?: number;
  readonly relistMs?: number;
}

/** Wires caches, queues, workers, lease, events, metrics and health into one process that runs and stops as a whole. */
export class Manager {
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly events: EventRecorder;
  readonly metrics: RuntimeMetrics;
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #drainMs: number;
  readonly #elector: LeaderElector | null;
  readonly #controllers: Controller[] = [];
  readonly #caches: { readonly store: Store<never>; run(signal: AbortSignal): Promise<void> }[] = [];
  #healthPort: number | null = null;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#drainMs = options.drainMs ?? 10_000;
    this.metrics = new RuntimeMetrics(options.metricsPrefix ?? "operator_", options.registry);
    const shared: ClientOptions = {
      transport: options.transport,
      clock: this.#clock,
      random: this.#random,
      gate: options.gate ?? new OutageGate(this.#clock),
      observe: (observation) => this.metrics.observeRequest(observation),
    };
    this.#elector = this.#electorOf(shared);
    this.client = new KubeClient({ ...shared, mayWrite: () => this.mayWrite() });
    this.applier = new Applier({ client: this.client, fieldManager: options.name });
    this.events = this.#recorder();
    this.#declareGauges();
  }

  /** True while this process leads, or needs no lease. */
  mayWrite(): boolean {
    return this.#elector?.mayWrite() ?? true;
  }

  /** The health server's port, once it listens. */
  get healthPort(): number | null {
    return this.#healthPort;
  }

  /** A cache that this manager keeps. Call it before `run`. */
  cache<T extends KubernetesObject>(resource: Resource<T>, options: CacheOptions<T> = {}): Cache<T> {
    const { plural } = resource;
    const store = new Store<T>(resource, {
      ...options,
      selects: (object) => selects(options, object),
      onHandlerError: (error) => {
        this.metrics.countHandlerError(plural);
        this.#options.logger.error({ resource: plural, err: error }, "A change handler threw.");
      },
    });
    const reflector = new Reflector({
      ...options,
      client: this.client,
      store,
      clock: this.#clock,
      random: this.#random,
      select: {
        namespace: options.namespace,
        labelSelector: selectorOf(options),
        fieldSelector: options.fieldSelector,
      },
      onRestart: (reason, error) => {
        this.metrics.countRestart(plural, reason);
        const problem = error instanceof Error ? error.message : undefined;
        this.#options.logger.debug({ resource: plural, reason, problem }, "The watch begins anew.");
      },
    });
    this.#caches.push({ store: store as unknown as Store<never>, run: (signal) => reflector.run(signal) });
    return store;
  }

  /** Adds a controller. Call its `watch` for each cache that feeds it, before `run`. */
  controller(options: ControllerOptions): Controller {
    const { logger } = this.#options;
    const setting = { clock: this.#clock, random: this.#random, logger, metrics: this.metrics };
    const controller = new Controller(options, setting);
    this.#controllers.push(controller);
    return controller;
  }

  /**
   * Runs until `signal` aborts: caches first, then the lease, then the workers; stops in reverse and releases the lease last.
   * @throws {LeaseLostError} when the lease is lost: end the process. Or when the health port is taken.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopCaches = new AbortController();
    const health = await this.#startHealth();
    const background = [
      ...this.#caches.map((cache) => cache.run(stopCaches.signal)),
      this.events.run(stopCaches.signal),
    ];
    try {
      await this.#lead(signal);
    } finally {
      stopCaches.abort();
      await Promise.all(background);
      await health?.close();
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    await this.#untilSynced(signal);
    if (signal.aborted) return;
    if (this.#elector === null) return await this.#work(signal, new AbortController().signal);
    if (!(await this.#elector.acquire(signal))) return;
    this.#options.logger.info({ identity: this.#options.identity }, "This process leads.");
    await this.#workWhileLeading(this.#elector, signal);
  }

  async #workWhileLeading(elector: LeaderElector, signal: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const finished = new AbortController();
    const work = this.#work(AbortSignal.any([signal, lost.signal]), lost.signal).finally(() => finished.abort());
    try {
      // Held until the last reconcile has ended, or it could not write what it has begun.
      await elector.hold(finished.signal);
    } catch (error) {
      lost.abort();
      await Promise.race([work, sleep(this.#clock, this.#drainMs)]);
      throw error;
    }
    await work;
    await elector.release();
  }

  /** Runs the controllers until `stop` aborts, then lets them end; `abort` cuts short what they are doing. */
  async #work(stop: AbortSignal, abort: AbortSignal): Promise<void> {
    const cut = new AbortController();
    const cutLater = () => {
      cancel = this.#clock.after(this.#drainMs, () => cut.abort());
    };
    let cancel = () => {};
    stop.addEventListener("abort", cutLater, { once: true });
    const aborting = AbortSignal.any([abort, cut.signal]);
    await Promise.all(this.#controllers.map((controller) => controller.run(stop, aborting)));
    cancel();
  }

  async #untilSynced(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#unsynced().length > 0) await sleep(this.#clock, 50, signal);
  }

  #unsynced(): string[] {
    return this.#caches.filter(({ store }) => !store.synced).map(({ store }) => store.resource.plural);
  }

  async #startHealth(): Promise<HealthServer | null> {
    const { healthPort, healthHost } = this.#options;
    if (healthPort === null) return null;
    const health = await startHealthServer({
      port: healthPort,
      ...(healthHost === undefined ? {} : { host: healthHost }),
      registry: this.metrics.registry,
      live: () =>
        this.#controllers.flatMap((controller) =>
          controller.stuck().map((key) => `${controller.name}: the reconcile of ${key} hangs.`),
        ),
      ready: () => this.#unsynced().map((plural) => `The first list of ${plural} has not come yet.`),
    });
    this.#healthPort = health.port;
    return health;
  }

  #electorOf(shared: ClientOptions): LeaderElector | null {
    const { lease, leaseDurationMs, identity, logger } = this.#options;
    if (lease === null) return null;
    return new LeaderElector({
      client: new KubeClient({ ...shared, urgent: true }),
      clock: this.#clock,
      random: this.#random,
      lease,
      identity,
      ...(leaseDurationMs === undefined ? {} : { durationMs: leaseDurationMs }),
      onError: (error) => logger.warn({ problem: String(error) }, "The lease could not be asked for."),
    });
  }

  #recorder(): EventRecorder {
    const { name, identity, logger } = this.#options;
    return new EventRecorder({
      client: this.client,
      clock: this.#clock,
      source: { controller: name, instance: identity },
      onDropped: (reason, error) => {
        this.metrics.countDroppedEvent(reason);
        logger.debug({ reason, problem: String(error) }, "An event was not written.");
      },
    });
  }

  #declareGauges(): void {
    const { metrics } = this;
    metrics.gauge("queue_depth", "controller", () => this.#controllers.map(({ name, queue }) => [name, queue.depth]));
    metrics.gauge("cache_objects", "resource", () =>
      this.#caches.map(({ store }) => [store.resource.plural, store.size]),
    );
    metrics.gauge("leader", "", () => [["", this.mayWrite() ? 1 : 0]]);
  }
}

function selects(
  options: Pick<CacheOptions<never>, "namespace" | "labels" | "fieldSelector">,
  object: KubernetesObject,
) {
  const { namespace, labels = {}, fieldSelector } = options;
  if (fieldSelector !== undefined) return false;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  return Object.entries(labels).every(([name, value]) => object.metadata.labels?.[name] === value);
}

function selectorOf({ labels }: Pick<CacheOptions<never>, "labels">): string | undefined {
  return (
    labels &&
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(",")
  );
}
