import type { BackoffOptions } from "../backoff.ts";
import type { Change, ReadCache } from "../cache/store.ts";
import { ApiError } from "../client/api-error.ts";
import type { Clock } from "../clock.ts";
import { KeyedQueue, type Priority } from "../queue/keyed-queue.ts";
import type { KubernetesObject } from "../resource.ts";
import type { Logger } from "./logger.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { type Outcome, retriable } from "./outcome.ts";
import { countingWaits, Waits } from "./waits.ts";

export interface ReconcileContext {
  /** Aborts when the process shuts down, the lease is lost, or the reconcile's time is up. */
  readonly signal: AbortSignal;
  /** Failures of this key in a row before this try. */
  readonly failures: number;
}

/** A key to enqueue. */
export interface Enqueue {
  readonly key: string;
  readonly priority?: Priority;
  readonly afterMs?: number;
}

export interface ControllerOptions {
  readonly name: string;
  /** Called with one key at a time per key. Reads caches, writes through the manager's client. */
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<Outcome>;
  /** Reconciles at the same time; default 4. */
  readonly workers?: number;
  /** A reconcile's signal aborts then; default 60 s. */
  readonly timeoutMs?: number;
  readonly backoff?: BackoffOptions;
}

export interface ControllerSetting {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

/** While the API server is down, or too busy, keys come back after about this long: their back-off must not grow by that. */
const outagePauseMs = 5_000;

/** One reconcile function, the queue before it, and the caches that feed the queue. */
export class Controller {
  readonly name: string;
  readonly queue: KeyedQueue;
  readonly #options: ControllerOptions;
  readonly #setting: ControllerSetting;
  readonly #startedAt = new Map<string, number>();

  constructor(options: ControllerOptions, setting: ControllerSetting) {
    this.name = options.name;
    this.#options = options;
    this.#setting = setting;
    const { clock, random } = setting;
    this.queue = new KeyedQueue({ clock, random, ...(options.backoff && { backoff: options.backoff }) });
  }

  /** Enqueues, on each change in `cache`, the keys that `keysOf` names. Call it before the manager runs. */
  watch<T extends KubernetesObject>(
    cache: ReadCache<T>,
    keysOf: (change: Change<T>) => Iterable<string | Enqueue>,
  ): this {
    cache.subscribe((change) => {
      for (const item of keysOf(change)) this.enqueue(item);
    });
    return this;
  }

  enqueue(item: string | Enqueue): void {
    if (typeof item === "string") this.queue.add(item);
    else this.queue.add(item.key, item);
  }

  /**
   * Works until `stop` aborts and what was begun has ended.
   * @param abort aborts the signals of reconciles that still run
   */
  async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
    const workers = Array.from({ length: this.#options.workers ?? 4 }, () => this.#work(abort));
    const closed = new Promise<void>((resolve) => {
      const close = () => resolve(this.queue.close());
      if (stop.aborted) close();
      else stop.addEventListener("abort", close, { once: true });
    });
    await Promise.all([closed, ...workers]);
  }

  /** Keys whose reconcile runs for longer than five times its timeout: it ignores its signal. */
  stuck(): string[] {
    const longest = 5 * (this.#options.timeoutMs ?? 60_000);
    const now = this.#setting.clock.now();
    return [...this.#startedAt].filter(([, startedAt]) => now - startedAt > longest).map(([key]) => key);
  }

  async #work(abort: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.queue.take();
      if (key === undefined) return;
      const outcome = await this.#measured(key, abort);
      this.#follow(key, outcome);
      this.queue.done(key);
    }
  }

  async #measured(key: string, abort: AbortSignal): Promise<Outcome> {
    const { clock, metrics } = this.#setting;
    const startedAt = clock.now();
    this.#startedAt.set(key, startedAt);
    const waits = new Waits();
    const outcome = await countingWaits(waits, () => this.#reconcile(key, abort));
    this.#startedAt.delete(key);
    const milliseconds = clock.now() - startedAt;
    metrics.observeReconcile(this.name, outcome.kind, milliseconds / 1_000, (milliseconds - waits.total) / 1_000);
    return outcome;
  }

  async #reconcile(key: string, parent: AbortSignal): Promise<Outcome> {
    const { clock, logger, metrics } = this.#setting;
    const controller = new AbortController();
    const abort = () => controller.abort();
    const cancel = clock.after(this.#options.timeoutMs ?? 60_000, abort);
    parent.addEventListener("abort", abort, { once: true });
    try {
      return await this.#options.reconcile(key, { signal: controller.signal, failures: this.queue.failuresOf(key) });
    } catch (error) {
      if (!(error instanceof ApiError)) {
        metrics.countPanic(this.name);
        logger.error({ controller: this.name, key, err: error }, "The reconcile threw; it will be repeated.");
      }
      return retriable(error);
    } finally {
      cancel();
      parent.removeEventListener("abort", abort);
    }
  }

  #follow(key: string, outcome: Outcome): void {
    const { random, logger } = this.#setting;
    if (outcome.kind === "retriable") {
      const { error } = outcome;
      if (error instanceof ApiError && (error.unreachable || error.status === 429)) {
        this.queue.add(key, { afterMs: outagePauseMs * (0.5 + random()) });
        return;
      }
      const afterMs = Math.round(this.queue.addAfterFailure(key));
      logger.warn({ controller: this.name, key, afterMs, problem: textOf(error) }, "The reconcile will be repeated.");
      return;
    }
    this.queue.forget(key);
    if (outcome.kind === "requeueAfter") this.queue.add(key, { afterMs: outcome.milliseconds });
    if (outcome.kind === "terminal") {
      logger.warn({ controller: this.name, key, problem: textOf(outcome.error) }, "Waiting for a change.");
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
