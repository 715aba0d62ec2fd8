import { backoffMs } from "../backoff.ts";
import { ApiError } from "../client/api-error.ts";
import type { KubeClient, SelectOptions, WatchEvent } from "../client/client.ts";
import { type Clock, sleep } from "../clock.ts";
import type { KubernetesObject } from "../resource.ts";
import type { Store } from "./store.ts";

export type RestartReason = "ended" | "quiet" | "gone" | "stale" | "error";

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: KubeClient;
  readonly store: Store<T>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly select?: Pick<SelectOptions, "namespace" | "labelSelector" | "fieldSelector">;
  /** A watch with not a byte for so long is taken for half-open. Bookmarks come about once a minute. Default 90 s. */
  readonly quietMs?: number;
  /** A full list, diffed against the store, so often: heals an event that was lost without a trace. Default 10 min. */
  readonly relistMs?: number;
  readonly onRestart?: (reason: RestartReason, error: unknown) => void;
}

/** Short, because the outage gate already spaces what goes to a server that is down, and its return must be noticed. */
const unreachableBackoff = { baseMs: 500, capMs: 3_000 };
/** The API server works, and says that this was too old or too soon: once it says no more so, what it has is due within 5 s. */
const answeredBackoff = { baseMs: 500, capMs: 4_000 };
const errorBackoff = { baseMs: 500, capMs: 30_000 };
/** A watch that ends sooner than this without an event counts as a failure, or it would spin. */
const shortWatchMs = 1_000;
/** Lists older than what was seen are refused so often; then the history has really gone back. */
const mostStaleLists = 5;

/**
 * Keeps a store equal to the API server's objects: list, then watch from there, for ever. Nothing stops it but its
 * signal. Modelled on client-go's reflector, with the guards that the README of this folder promises.
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  #failures = 0;
  #wasUnreachable = false;
  #staleLists = 0;
  #relistAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** Resolves when `signal` has aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#round(signal);
      } catch (error) {
        if (!signal.aborted) await this.#pause(error, signal);
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, onRestart } = this.#options;
    if (clock.now() >= this.#relistAt) await this.#list(signal);
    const startedAt = clock.now();
    const events = await this.#watch(signal);
    if (signal.aborted) return;
    if (events === 0 && clock.now() - startedAt < shortWatchMs) throw new Error("The watch ended at once.");
    this.#failures = 0;
    onRestart?.("ended", undefined);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, store, select, clock, random, relistMs = 600_000 } = this.#options;
    const transform = (object: T) => store.trim(object);
    const list = await client.list(store.resource, { ...select, transform, signal });
    const takeAnyhow = this.#staleLists >= mostStaleLists;
    if (!store.replace(list.items, list.resourceVersion, takeAnyhow)) {
      this.#staleLists++;
      throw new StaleListError(`The list at ${list.resourceVersion} is older than ${store.seenVersion}, seen before.`);
    }
    this.#staleLists = 0;
    this.#relistAt = clock.now() + relistMs * (0.9 + 0.2 * random());
  }

  /** Returns the number of events, bookmarks included. */
  async #watch(signal: AbortSignal): Promise<number> {
    const { client, store, select, clock, random, quietMs = 90_000 } = this.#options;
    const untilRelist = Math.max(1, Math.ceil((this.#relistAt - clock.now()) / 1_000));
    const timeoutSeconds = Math.min(untilRelist, Math.round(240 + 120 * random()));
    const resourceVersion = store.seenVersion;
    let events = 0;
    for await (const event of client.watch(store.resource, {
      ...select,
      resourceVersion,
      timeoutSeconds,
      quietMs,
      signal,
    })) {
      events++;
      this.#failures = 0;
      this.#take(event);
    }
    return events;
  }

  #take(event: WatchEvent<T>): void {
    const { store } = this.#options;
    store.observe(event.type, event.type === "BOOKMARK" ? event.object : store.trim(event.object));
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random, onRestart } = this.#options;
    const reason = reasonOf(error);
    onRestart?.(reason, error);
    if (reason === "gone") this.#relistAt = Number.NEGATIVE_INFINITY;
    // Quiet is how an idle resource looks too: going on from where we are is one cheap request, and no failure.
    if (reason === "quiet") return;
    const unreachable = error instanceof ApiError && error.unreachable;
    // The API server is back, with a 410 perhaps: what follows is not the fault of the outage.
    if (this.#wasUnreachable && !unreachable) this.#failures = 0;
    this.#wasUnreachable = unreachable;
    this.#failures++;
    const retryAfter = error instanceof ApiError ? error.retryAfterSeconds : null;
    const answered = reason === "gone" || retryAfter !== null;
    const backoff = unreachable ? unreachableBackoff : answered ? answeredBackoff : errorBackoff;
    const wait = backoffMs(this.#failures, backoff, random);
    const asked = (retryAfter ?? 0) * 1_000;
    await sleep(clock, Math.max(wait, asked), signal);
  }
}

class StaleListError extends Error {}

function reasonOf(error: unknown): RestartReason {
  if (error instanceof StaleListError) return "stale";
  if (!(error instanceof ApiError)) return "error";
  if (error.gone) return "gone";
  return error.reason === "WatchQuiet" ? "quiet" : "error";
}
