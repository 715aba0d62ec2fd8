import type { Clock } from "../server/clock.ts";
import type { EngineUsage } from "./engine.ts";
import { noDebt, type PaceDebt, paceLoading } from "./load-pace.ts";

/** A process that can be stopped and continued; see `EngineProcess`. */
export interface PacedProcess {
  readonly working: boolean;
  readonly ended: Promise<void>;
  pause(): void;
  resume(): void;
}

/**
 * Lets the processes of a plan that is being loaded run only where they take nothing from the engines that serve, as
 * `paceLoading` decides. It stops and continues them instead of lowering their priority, because a process without
 * privileges could never raise that again.
 */
export class LoadPacer {
  #serving: readonly EngineUsage[];
  readonly #clock: Clock;
  readonly #processes = new Map<PacedProcess, readonly number[] | null>();
  #unwatch: readonly (() => void)[];
  #debt: PaceDebt;
  #ran = false;
  #due = false;
  #ended = false;
  #callOff: () => void = () => undefined;

  /** `serving`: how the engines are used that answer requests meanwhile; one pool at least. */
  constructor(serving: readonly EngineUsage[], clock: Clock) {
    this.#serving = serving;
    this.#clock = clock;
    this.#debt = noDebt(clock.now());
    this.#unwatch = serving.map((pool) =>
      pool.watch((began) => {
        // An engine that ended a batch mostly gets the next one in this turn of the event loop.
        if (began) this.#decide();
        else this.#decideSoon();
      }),
    );
    // A stopped process would not notice that this one is gone.
    process.once("exit", this.end);
  }

  /** A process that was just started, and the CPUs that it is bound to. */
  add(started: PacedProcess, cpus: readonly number[] | null): void {
    if (this.#ended) return;
    this.#processes.set(started, cpus);
    void started.ended.then(() => this.#processes.delete(started));
    this.#decide();
  }

  /** Some process got work or has done it. */
  changed(): void {
    this.#decide();
  }

  /** From now on all run freely. */
  readonly end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#callOff();
    for (const unwatch of this.#unwatch) unwatch();
    // The processes keep this pacer: what it kept would be every plan that ever served.
    this.#serving = [];
    this.#unwatch = [];
    for (const each of this.#processes.keys()) each.resume();
    this.#processes.clear();
    process.off("exit", this.end);
  };

  #decideSoon(): void {
    if (this.#due || this.#ended || this.#processes.size === 0) return;
    this.#due = true;
    this.#clock.soon(() => {
      this.#due = false;
      this.#decide();
    });
  }

  #decide(): void {
    if (this.#ended || this.#processes.size === 0) return;
    const processes = Array.from(this.#processes, ([paced, cpus]) => ({ paced, cpus, working: paced.working }));
    const pools = this.#serving.map((pool) => pool.engines());
    const now = this.#clock.now();
    const { run, debt, wakeAt } = paceLoading(processes, pools, this.#debt, this.#ran, now);
    this.#debt = debt;
    this.#ran = run.some((may, i) => may && processes[i]?.working);
    for (const [i, each] of processes.entries()) {
      if (run[i]) each.paced.resume();
      else each.paced.pause();
    }
    this.#callOff();
    if (wakeAt < Number.POSITIVE_INFINITY) this.#callOff = this.#clock.at(wakeAt, () => this.#decide());
  }
}
