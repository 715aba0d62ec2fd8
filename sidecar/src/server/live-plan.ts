import { canonicalJson, type ServingPlan } from "@sweetspot/crds";
import { PlanError } from "../plan/plan-error.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { DispatchObserver } from "./batch-report.ts";
import type { Clock } from "./clock.ts";
import { loadModel } from "./load-model.ts";
import type { Log } from "./log.ts";
import { compilePlan, dispatchSettings, needsNewEngines, type RunningModel } from "./running-model.ts";

export interface LivePlanOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Replaces the real loader in tests. */
  readonly load?: (plan: ServingPlan, clock: Clock, observer: DispatchObserver) => Promise<RunningModel>;
}

const oldPlanDrainMilliseconds = 60_000;

/**
 * The plan that serves, and its replacement while requests are in flight.
 *
 * A plan that differs only in policy (batching, admission, bounds, cost table, service level, names) applies at once to
 * the running engines. Any other is loaded and proved beside the running one; then new requests go to the new engines
 * in one step, and the old ones finish what they have. A plan that fails changes nothing: it is reported.
 */
export class LivePlan {
  readonly #options: LivePlanOptions;
  #current: RunningModel | null = null;
  #planError: string | null = null;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: LivePlanOptions) {
    this.#options = options;
  }

  /** What serves now; null before the first plan is ready. */
  get current(): RunningModel | null {
    return this.#current;
  }

  /** Why a newer plan was not taken; null when the last one was. Holds no path and no engine text. */
  get planError(): string | null {
    return this.#planError;
  }

  /** Takes a plan, after those that were given before. Rejects with `PlanError` where the last good one stays. */
  apply(obtain: () => Promise<ServingPlan>): Promise<void> {
    const turn = this.#turn.then(() => this.#take(obtain));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Stops taking requests, finishes the accepted ones for at most `drainMilliseconds`, and ends the engines. */
  async close(drainMilliseconds: number): Promise<void> {
    this.#closed = true;
    this.#current?.dispatcher.stop();
    await this.#turn;
    if (this.#current !== null) await retire(this.#current, drainMilliseconds);
    await Promise.all(this.#retiring);
  }

  async #take(obtain: () => Promise<ServingPlan>): Promise<void> {
    if (this.#closed) return;
    try {
      const plan = await obtain();
      if (this.#isCurrent(plan)) {
        this.#planError = null;
        this.#options.metrics.planConfirmed();
        return;
      }
      const next = (await this.#inPlace(plan)) ?? (await this.#loadBeside(plan));
      this.#swap(next);
    } catch (error) {
      this.#refuse(error);
      throw error;
    }
  }

  /** The running plan again, from a watched file or a nervous caller: its counts go on. */
  #isCurrent(plan: ServingPlan): boolean {
    return this.#current !== null && canonicalJson(plan) === canonicalJson(this.#current.plan);
  }

  async #inPlace(plan: ServingPlan): Promise<RunningModel | null> {
    const current = this.#current;
    if (current === null) return null;
    if (canonicalJson(needsNewEngines(plan)) !== canonicalJson(needsNewEngines(current.plan))) return null;
    const compiled = compileOrRefuse(plan, current);
    current.dispatcher.update(dispatchSettings(plan, current.signature));
    return { ...current, ...compiled };
  }

  #loadBeside(plan: ServingPlan): Promise<RunningModel> {
    const { clock, load = loadModel } = this.#options;
    return load(plan, clock, this.#observer(plan.revision));
  }

  #swap(next: RunningModel): void {
    const { metrics, log } = this.#options;
    const old = this.#current;
    this.#current = next;
    this.#planError = null;
    metrics.planTaken(next.plan.revision, next.plan.serviceLevel.latencyMilliseconds);
    log.info({ revision: next.plan.revision, inPlace: old?.pool === next.pool }, "plan taken");
    if (this.#closed) next.dispatcher.stop();
    if (old === null || old.pool === next.pool) return;
    const retiring = retire(old, oldPlanDrainMilliseconds).finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  #refuse(error: unknown): void {
    const { metrics, log } = this.#options;
    this.#planError =
      error instanceof PlanError ? error.message.slice(0, 1024) : "The plan cannot be served; see the server's log.";
    metrics.planRefused();
    const rest = this.#current === null ? "nothing is served" : "the last good one keeps serving";
    log.error({ err: error, cause: (error as Error).cause }, `plan refused, ${rest}`);
  }

  /** Batches are counted for the plan that runs when they end: after a change in place that is the new one. */
  #observer(revision: string): DispatchObserver {
    const { metrics, log } = this.#options;
    return {
      batchFinished: (report) => {
        metrics.batch(report);
        this.#current?.level.batch(report);
      },
      batchFailed: (kind, message, requests) => {
        metrics.batchFailed(kind);
        log.warn({ revision, kind, message, requests }, "batch failed");
      },
    };
  }
}

function compileOrRefuse(plan: ServingPlan, { signature }: RunningModel): ReturnType<typeof compilePlan> {
  try {
    return compilePlan(plan, signature);
  } catch (cause) {
    throw new PlanError("The plan cannot be served: it names inputs that the model does not have.", { cause });
  }
}

/** The engines end when their last request is answered, or when the time is up. */
async function retire({ dispatcher, pool }: RunningModel, drainMilliseconds: number): Promise<void> {
  dispatcher.stop();
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMilliseconds);
  });
  await Promise.race([dispatcher.drained(), timeUp]);
  clearTimeout(timer);
  dispatcher.abandon();
  await pool.close(0);
}
