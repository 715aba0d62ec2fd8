import { canonicalJson, digestOf, type PlanSource, type ServingPlan } from "@sweetspot/crds";
import type { PlanAttempt } from "../plan/plan-attempt.ts";
import { PlanError } from "../plan/plan-error.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { DispatchObserver } from "./batch-report.ts";
import type { Clock } from "./clock.ts";
import { type LoadContext, loadModel } from "./load-model.ts";
import type { Log } from "./log.ts";
import { retire, stopTaking } from "./retire.ts";
import { compileOrRefuse, dispatchSettings, type RunningModel, sameEngines } from "./running-model.ts";
import { sameInterface, serveInstead } from "./trial/candidate.ts";
import { Switchback } from "./trial/switchback.ts";

export interface LivePlanOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Replaces the real loader in tests. */
  readonly load?: (plan: ServingPlan, context: LoadContext) => Promise<RunningModel>;
}

/** Where the running plan came from, and `digestOf` it as it was written. */
export interface PlanOrigin {
  readonly source: PlanSource;
  readonly digest: string;
}

/** Why a plan was not taken. */
export interface PlanRefusal {
  /** Fit for a report: holds no path and no engine text. */
  readonly message: string;
  /** Null where it could not be read. */
  readonly revision: string | null;
}

/** What is known of an attempt while it is made. */
interface Attempted {
  revision: string | null;
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
  /** The plan that may be on trial beside it. */
  readonly trial: Switchback;
  readonly #options: LivePlanOptions;
  #current: RunningModel | null = null;
  #origin: PlanOrigin | null = null;
  #refusal: PlanRefusal | null = null;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: LivePlanOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.trial = new Switchback({
      clock,
      log,
      incumbent: () => this.#current,
      load: (plan, observer) => this.#load(plan, observer),
      observer: (revision) => this.#observer(revision),
    });
  }

  /** The plan; null before the first one is ready. */
  get current(): RunningModel | null {
    return this.#current;
  }

  /** What takes requests now: the plan, or the one that is on trial. */
  get serving(): RunningModel | null {
    return this.trial.serving ?? this.#current;
  }

  /** Where `current` came from. */
  get origin(): PlanOrigin | null {
    return this.#origin;
  }

  /** Why a newer plan was not taken; null when the last one was. */
  get refusal(): PlanRefusal | null {
    return this.#refusal;
  }

  /**
   * Takes the first of these plans that can be served, after those that were given before. What was wrong with the best
   * one stays reported, also when a later one serves. Rejects with `PlanError` where none can be served and the last good
   * one stays.
   */
  apply(attempts: readonly PlanAttempt[]): Promise<void> {
    const turn = this.#turn.then(() => this.#takeFirst(attempts));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Stops taking requests, finishes the accepted ones for at most `drainMilliseconds`, and ends the engines. */
  async close(drainMilliseconds: number): Promise<void> {
    this.#closed = true;
    const trialOver = this.trial.close();
    if (this.#current !== null) void stopTaking(this.#current);
    await this.#turn;
    if (this.#current !== null) await retire(this.#current, drainMilliseconds);
    await Promise.all([trialOver, ...this.#retiring]);
  }

  async #takeFirst(attempts: readonly PlanAttempt[]): Promise<void> {
    let first: { readonly refusal: PlanRefusal; readonly error: unknown } | null = null;
    let served = false;
    for (const attempt of attempts) {
      if (this.#closed || served) break;
      const attempted: Attempted = { revision: null };
      try {
        await this.#take(attempt, attempted);
        served = true;
      } catch (error) {
        first ??= { refusal: this.#refuse(error, attempt.source, attempted), error };
      }
    }
    if (first === null && !served) return;
    this.#refusal = first?.refusal ?? null;
    if (first === null) this.#options.metrics.planConfirmed();
    else this.#options.metrics.planRefused();
    if (first !== null && !served) throw first.error;
  }

  async #take({ source, read, open }: PlanAttempt, attempted: Attempted): Promise<void> {
    const written = await read();
    attempted.revision = written.revision;
    const plan = open === undefined ? written : await open(written);
    if (!this.#isCurrent(plan)) {
      const ready = this.#inPlace(plan) ?? this.trial.promoted(plan);
      this.#swap(ready ?? (await this.#load(plan, this.#observer(plan.revision))));
    }
    this.#origin = { source, digest: digestOf(written) };
  }

  /** The running plan again, from a watched file or a nervous caller: its counts go on. */
  #isCurrent(plan: ServingPlan): boolean {
    return this.#current !== null && canonicalJson(plan) === canonicalJson(this.#current.plan);
  }

  #inPlace(plan: ServingPlan): RunningModel | null {
    const current = this.#current;
    if (current === null || !sameEngines(plan, current.plan)) return null;
    return { ...current, ...compileOrRefuse(plan, current.signature, { costs: current.costs }) };
  }

  #load(plan: ServingPlan, observer: DispatchObserver): Promise<RunningModel> {
    const { clock, log, load = loadModel } = this.#options;
    const serving = new Set([this.#current, this.trial.candidate].flatMap((model) => model?.pool ?? []));
    return load(plan, { clock, observer, log, serving: [...serving] });
  }

  #swap(next: RunningModel): void {
    const { metrics, log } = this.#options;
    const old = this.#current;
    this.trial.planChanges(next);
    // Its engines may have served another policy until now.
    next.dispatcher.update(dispatchSettings(next));
    this.#current = next;
    if (old !== null) next.level.follow(old.level);
    metrics.planTaken(next.plan.revision, next.plan.serviceLevel.latencyMilliseconds);
    log.info({ revision: next.plan.revision, inPlace: old?.pool === next.pool }, "plan taken");
    if (this.#closed) void stopTaking(next);
    if (old === null || old.pool === next.pool) return;
    // What waits goes to the new engines: the old ones end with their running batches, and four do not share the CPUs of two.
    if (sameInterface(next, old)) serveInstead(next, old);
    const retiring = retire(old, oldPlanDrainMilliseconds).finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  #refuse(error: unknown, source: PlanSource, { revision }: Attempted): PlanRefusal {
    const rest = this.#current === null ? "nothing is served" : "the last good one keeps serving";
    this.#options.log.error({ err: error, cause: (error as Error).cause, source, revision }, `plan refused, ${rest}`);
    const known = error instanceof PlanError;
    return {
      message: known ? error.message.slice(0, 1024) : "The plan cannot be served; see the server's log.",
      revision,
    };
  }

  /** Batches are counted for the plan that runs when they end: after a change in place that is the new one. */
  #observer(revision: string): DispatchObserver {
    const { metrics, log } = this.#options;
    return {
      batchFinished: (report) => {
        metrics.batch(report);
        // What the plan expects says nothing about the one that is on trial.
        const { expectedMicroseconds } = report;
        const expected = this.trial.serving === null ? expectedMicroseconds : null;
        this.#current?.level.batch({ ...report, expectedMicroseconds: expected });
      },
      batchFailed: (kind, message, requests) => {
        metrics.batchFailed(kind);
        log.warn({ revision, kind, message, requests }, "batch failed");
      },
    };
  }
}
