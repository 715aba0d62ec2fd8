import { badRequests, type LoadStage, type RequestCounts, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import type { EarlyStop, OpenStage } from "./load-job.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import type { Traffic } from "./traffic.ts";

/** Timeouts, the early stop and the stop signal are looked at this often, in milliseconds. */
const sweepInterval = 20;

/** One open stage: when its requests are due, and when it may end before its time. */
export interface OpenLoopSettings {
  readonly stage: OpenStage;
  /** Intended starts in milliseconds, increasing. */
  readonly arrivals: Float64Array;
  readonly target: ServiceLevelTarget;
  readonly earlyStop?: EarlyStop | undefined;
  readonly stop: AbortSignal;
}

/**
 * Sends each request at its arrival instant whatever the server does, and returns when all are decided.
 * Timers tick once a millisecond, so each tick sends all that is due; so does each answer that comes in between.
 */
export async function runOpenLoop(
  settings: OpenLoopSettings,
  traffic: Traffic,
  recorder: StageRecorder,
): Promise<LoadStage> {
  const { stage } = settings;
  const stoppedAfter = await new Promise<number | undefined>((resolve, reject) => {
    new OpenLoop(settings, traffic, recorder, resolve).start(reject);
  });
  const seconds = stoppedAfter === undefined ? stage.seconds : Math.max(0.001, stoppedAfter / 1000);
  return recorder.result(seconds, stage.requestsPerSecond);
}

class OpenLoop {
  readonly #settings: OpenLoopSettings;
  readonly #traffic: Traffic;
  readonly #recorder: StageRecorder;
  readonly #ended: (stoppedAfter: number | undefined) => void;
  #next = 0;
  #lastSweep = 0;
  #sending = false;
  #stopped = false;

  constructor(
    settings: OpenLoopSettings,
    traffic: Traffic,
    recorder: StageRecorder,
    ended: (stoppedAfter: number | undefined) => void,
  ) {
    this.#settings = settings;
    this.#traffic = traffic;
    this.#recorder = recorder;
    this.#ended = ended;
  }

  start(failed: (error: unknown) => void): void {
    const tick = () => {
      try {
        if (this.#advance()) setTimeout(tick, this.#pause());
      } catch (error) {
        failed(error);
      }
    };
    tick();
  }

  /** Returns whether the stage goes on. */
  #advance(): boolean {
    this.#sendDue();
    const now = this.#traffic.now();
    if (now - this.#lastSweep >= sweepInterval) this.#sweep(now);
    if (this.#stopped) return false;
    if (this.#next < this.#settings.arrivals.length || this.#traffic.underWay > 0) return true;
    this.#ended(undefined);
    return false;
  }

  #pause(): number {
    const due = this.#settings.arrivals[this.#next] ?? Number.POSITIVE_INFINITY;
    return Math.min(sweepInterval, Math.max(1, due - this.#traffic.now()));
  }

  #sendDue(): void {
    // A request that fails at once is decided inside `send`; without the guard it would recurse into the next one.
    if (this.#sending || this.#stopped) return;
    this.#sending = true;
    const { arrivals } = this.#settings;
    for (let due = arrivals[this.#next]; due !== undefined && due <= this.#traffic.now(); due = arrivals[this.#next]) {
      this.#next++;
      this.#traffic.send(due, () => this.#sendDue());
    }
    this.#sending = false;
  }

  #sweep(now: number): void {
    this.#lastSweep = now;
    this.#traffic.giveUpOld();
    const { stop, arrivals, target, earlyStop } = this.#settings;
    const hopeless =
      earlyStop !== undefined &&
      isHopeless(this.#recorder.counts, this.#traffic.overdue(), {
        planned: arrivals.length,
        missShare: 1 - shareOf(target.percentile),
        ...earlyStop,
      });
    if (!stop.aborted && !hopeless) return;
    this.#stopped = true;
    this.#traffic.leave();
    this.#ended(now);
  }
}

/** Whether a stage has missed more than `factor` times what all its `planned` requests may miss. See `EarlyStop`. */
export function isHopeless(
  counts: RequestCounts,
  overdue: number,
  rule: EarlyStop & { readonly planned: number; readonly missShare: number },
): boolean {
  const decided = counts.total + counts.excluded + overdue;
  const missed = badRequests(counts) + overdue;
  return decided >= rule.minimumRequests && missed > rule.factor * rule.missShare * rule.planned;
}
