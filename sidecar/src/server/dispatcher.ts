import type { AdmissionPolicy, BatchPolicy, Padding } from "@sweetspot/crds";
import { formBatch, shareOfWork } from "@sweetspot/planner";
import { assembleBatch } from "../batch/assemble.ts";
import type { RequestShape } from "../batch/shape.ts";
import { splitOutputs } from "../batch/split.ts";
import type { EnginePool } from "../engine/engine.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import {
  type AdmissionRules,
  admit,
  isHopeless,
  type Load,
  pressingPrediction,
  queueIsFull,
  secondsUntilEmpty,
} from "./admission.ts";
import type { BatchCosts } from "./batch-costs.ts";
import { batchLimitMilliseconds } from "./batch-limit.ts";
import { type DispatchObserver, failureKind, reportOf } from "./batch-report.ts";
import type { Clock } from "./clock.ts";
import { Patience } from "./patience.ts";
import { PredictionPace } from "./prediction-pace.ts";
import { Retries } from "./retries.ts";
import { type Answer, type Entry, fail, type Submission, succeed, type Ticket, unsettled } from "./submission.ts";
import { WaitingLine } from "./waiting-line.ts";

/** The part of a plan that can change while requests are in flight. */
export interface DispatchSettings {
  readonly policy: BatchPolicy;
  readonly admission: AdmissionPolicy;
  readonly costs: BatchCosts;
}

const unavailablePauseMicroseconds = 100_000;

/**
 * The real-time shell of the batch former: requests wait here until an engine can take a batch, and never leave without
 * exactly one answer. What an engine failed on is tried again, see `Retries`. While no engine is up requests wait, until their
 * deadline.
 */
export class Dispatcher {
  readonly #pool: EnginePool;
  readonly #padding: Padding | undefined;
  readonly #clock: Clock;
  readonly #observer: DispatchObserver;
  readonly #line = new WaitingLine<Entry>();
  readonly #predictedEnds = new Set<{ readonly end: number }>();
  readonly #pace = new PredictionPace();
  readonly #patience = new Patience();
  readonly #retries = new Retries();
  #settings: DispatchSettings;
  #pumpDue = false;
  #pausedUntil = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #callOffTimer: () => void = () => undefined;
  #stopped = false;
  #abandoned = false;
  #idleListeners: (() => void)[] = [];

  constructor(
    pool: EnginePool,
    padding: Padding | undefined,
    settings: DispatchSettings,
    clock: Clock,
    observer: DispatchObserver,
  ) {
    this.#pool = pool;
    this.#padding = padding;
    this.#settings = settings;
    this.#clock = clock;
    this.#observer = observer;
    pool.onChange(() => {
      this.#pausedUntil = 0;
      this.#pumpSoon();
    });
  }

  /** What waits and runs now. */
  load(): Load {
    const now = this.#clock.now();
    let runningMicroseconds = 0;
    for (const { end } of this.#predictedEnds) runningMicroseconds += Math.max(0, end - now);
    return {
      queuedRows: this.#line.rows,
      queuedBytes: this.#line.bytes,
      queuedMicroseconds: this.#line.workMicroseconds,
      runningMicroseconds,
      engines: this.#pool.instances,
    };
  }

  /** Throws `ApiError` where a body of `bytes` need not even be read. */
  checkRoom(bytes: number): void {
    if (this.#stopped) throw new ApiError("ShuttingDown", {}, 1);
    const load = this.load();
    if (queueIsFull(load, bytes, this.#settings.admission))
      throw new ApiError("QueueFull", {}, secondsUntilEmpty(load));
    const now = this.#clock.now();
    const patience = this.#patience.longest(now);
    if (isHopeless(load, patience, this.#rules(now)) && !this.#patience.isSample())
      throw new ApiError("TooLate", {}, secondsUntilEmpty(load));
  }

  /** Admits a request and queues it. Throws `ApiError` where admission refuses it. */
  submit(submission: Submission): Ticket {
    if (this.#stopped) throw new ApiError("ShuttingDown", {}, 1);
    const prediction = this.#admit(submission);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { inputs, outputs, shape, bytes, arrival, deadline } = submission;
    // Spelled out: spreading two objects into a third is a walk through V8's runtime for each request.
    const entry: Entry = {
      holder: this,
      inputs,
      outputs,
      rows: shape.rows,
      length: shape.length,
      group: shape.group,
      bytes,
      arrival,
      deadline,
      workMicroseconds: shareOfWork(shape, this.#settings.policy, this.#settings.costs.cost),
      settled: false,
      dispatchedAt: null,
      prediction,
      failuresAlone: 0,
      resolve,
      reject,
    };
    this.#line.push(entry);
    this.#pumpSoon();
    return { answer: promise, cancel: () => entry.holder.withdraw(entry) };
  }

  /** Applies to everything that is not in an engine yet. */
  update(settings: DispatchSettings): void {
    this.#settings = settings;
    this.#pumpSoon();
  }

  /** The client of a request that waits or runs here left. */
  withdraw(entry: Entry): void {
    if (entry.settled) return;
    entry.settled = true;
    if (entry.dispatchedAt === null) this.#line.forget(entry);
    this.#pumpSoon();
  }

  /** Gives up all that no engine has now, in order of arrival, for another dispatcher to `adopt`. */
  release(): Entry[] {
    const entries = unsettled([...this.#retries.entries, ...this.#line.requests]);
    this.#line.take(unsettled(this.#line.requests));
    this.#retries.clear();
    this.#pumpSoon();
    return entries.sort((a, b) => a.arrival - b.arrival);
  }

  /** Takes over what another dispatcher of the same model accepted: it is never refused here. */
  adopt(entries: readonly Entry[], shapeOf: (inputs: readonly Tensor[]) => RequestShape): void {
    for (const entry of entries) {
      const shape = shapeOf(entry.inputs);
      const workMicroseconds = shareOfWork(shape, this.#settings.policy, this.#settings.costs.cost);
      Object.assign(entry, { holder: this, length: shape.length, group: shape.group, workMicroseconds });
      if (entry.dispatchedAt === null) this.#line.push(entry);
      else this.#retries.add(entry);
    }
    this.#pumpSoon();
  }

  /** Refuses new requests from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing waits and nothing runs. */
  async drained(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#idleListeners.push(resolve));
  }

  /** Answers everything that still waits, and whatever an engine fails on from now on, with `ShuttingDown`. */
  abandon(): void {
    this.stop();
    this.#abandoned = true;
    const waiting = [...this.#line.requests, ...this.#retries.entries];
    this.#line.take(this.#line.requests.filter((entry) => !entry.settled));
    this.#retries.clear();
    for (const entry of waiting) fail(entry, new ApiError("ShuttingDown", {}, 1));
    this.#pumpSoon();
  }

  #admit({ shape, bytes, arrival, onTimeUntil }: Submission): Entry["prediction"] {
    const now = this.#clock.now();
    this.#patience.note(onTimeUntil - arrival, now);
    const candidate = { rows: shape.rows, length: shape.length, bytes, now, arrival, onTimeUntil };
    const load = this.load();
    const rules = this.#rules(now);
    const refusal = admit(candidate, load, rules);
    if (refusal !== null) {
      const values = { rows: shape.rows, limit: rules.admission.maximumQueuedRows };
      throw new ApiError(refusal.code, values, refusal.retryAfterSeconds === 0 ? null : refusal.retryAfterSeconds);
    }
    const microseconds = pressingPrediction(candidate, load, rules);
    return microseconds === null ? null : { at: now, microseconds };
  }

  #rules(now: number): AdmissionRules {
    const { admission, costs } = this.#settings;
    return { admission, cost: costs.measured ? costs.cost : null, pace: this.#pace.factor(now) };
  }

  #pumpSoon(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    this.#clock.soon(() => this.#pump());
  }

  /** Hands over batches while engines can take them, and sets the one timer for whatever comes next. */
  #pump(): void {
    this.#pumpDue = false;
    const now = this.#clock.now();
    this.#expire(now);
    let wakeAt = this.#pausedUntil > now ? this.#pausedUntil : Number.POSITIVE_INFINITY;
    if (this.#pausedUntil <= now) wakeAt = this.#handOver(now);
    this.#wakeBy(Math.min(wakeAt, this.#line.earliestDeadline, this.#retries.earliestDeadline));
    if (this.#isIdle()) for (const listener of this.#idleListeners.splice(0)) listener();
  }

  /** A timer that comes too early costs one idle pump; setting it anew at each pump would cost more. */
  #wakeBy(instant: number): void {
    if (instant >= this.#timerAt) return;
    this.#callOffTimer();
    this.#timerAt = instant;
    this.#callOffTimer = this.#clock.at(instant, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#pumpSoon();
    });
  }

  /** Gives the instant until which the former wants to hold; `Infinity` where it does not. */
  #handOver(now: number): number {
    const { policy, costs } = this.#settings;
    while (this.#pool.freeSlots(policy.inFlightPerInstance) > 0) {
      const retry = this.#retries.next();
      if (retry !== undefined) {
        this.#start(retry, now);
        continue;
      }
      const idle = Math.max(1, this.#pool.idleInstances());
      const decision = formBatch(this.#line.requests, now, idle, policy, costs.cost);
      if (decision.kind === "Idle") break;
      if (decision.kind === "Hold") return decision.until;
      this.#line.take(decision.requests);
      this.#start(decision.requests, now);
    }
    return Number.POSITIVE_INFINITY;
  }

  #expire(now: number): void {
    for (const entry of this.#line.sweep(now)) fail(entry, new ApiError("DeadlineExpired"));
    this.#retries.expire(now);
  }

  #start(entries: readonly Entry[], now: number): void {
    for (const entry of entries) entry.dispatchedAt ??= now;
    void this.#run(entries, now);
  }

  async #run(entries: readonly Entry[], now: number): Promise<void> {
    const running = { end: now };
    // Those of the plan that formed the batch, whatever is on trial when it ends.
    const { costs } = this.#settings;
    try {
      const batch = assembleBatch(entries, this.#padding);
      const { rows, length } = batch;
      const predicted = costs.measured ? costs.cost.batchMicroseconds(rows, length) : null;
      running.end = now + (predicted ?? 0);
      this.#predictedEnds.add(running);
      const outputs = [...new Set(entries.flatMap((entry) => entry.outputs))];
      const left = Math.min(...entries.map(({ deadline }) => deadline)) - now;
      const limit = batchLimitMilliseconds(predicted, left, this.#settings.policy.inFlightPerInstance);
      const answer = await this.#pool.run(batch.inputs, outputs, limit);
      const answers = splitOutputs(answer.outputs, entries, batch.length, this.#padding);
      this.#answer(entries, answers);
      const expected = costs.expectedMicroseconds(rows, length);
      costs.observe(rows, length, answer.microseconds);
      this.#observer.batchFinished(reportOf(entries, batch, answer.microseconds, expected));
    } catch (error) {
      this.#recover(entries, error);
    } finally {
      this.#predictedEnds.delete(running);
      this.#pumpSoon();
    }
  }

  #answer(entries: readonly Entry[], answers: readonly (readonly Tensor[])[]): void {
    const now = this.#clock.now();
    for (const [i, entry] of entries.entries()) {
      const { prediction } = entry;
      if (prediction !== null) this.#pace.observe(prediction.microseconds, now - prediction.at, now);
      succeed(entry, answers[i] as readonly Tensor[], now);
    }
  }

  #recover(entries: readonly Entry[], error: unknown): void {
    const kind = failureKind(error);
    this.#observer.batchFailed(kind, error instanceof Error ? error.message : String(error), entries.length);
    if (this.#abandoned) {
      for (const entry of entries) fail(entry, new ApiError("ShuttingDown", {}, 1));
      return;
    }
    if (kind === "Unavailable") this.#pausedUntil = this.#clock.now() + unavailablePauseMicroseconds;
    this.#retries.recover(entries, kind);
  }

  #isIdle(): boolean {
    return this.#line.rows === 0 && this.#retries.isEmpty && this.#predictedEnds.size === 0;
  }
}
