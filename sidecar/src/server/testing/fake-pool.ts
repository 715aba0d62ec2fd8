import { type EngineAnswer, EngineFailure, type EngineFailureKind, type EnginePool } from "../../engine/engine.ts";
import type { Tensor } from "../../tensor.ts";
import type { Clock } from "../clock.ts";

/** What the fake does with one batch: how long it takes, and how it ends. */
export interface FakeRun {
  readonly microseconds: number;
  readonly failure?: EngineFailureKind;
}

/** An engine pool on virtual time that echoes its inputs as outputs of the same name. For tests of faults and time. */
export class FakePool implements EnginePool {
  readonly instances: number;
  readonly batches: (readonly Tensor[])[] = [];
  readonly #clock: Clock;
  readonly #plan: (inputs: readonly Tensor[]) => FakeRun;
  readonly #running: number[];
  #listeners: (() => void)[] = [];
  #up = true;

  constructor(clock: Clock, instances: number, plan: (inputs: readonly Tensor[]) => FakeRun) {
    this.#clock = clock;
    this.instances = instances;
    this.#plan = plan;
    this.#running = Array(instances).fill(0);
  }

  setUp(up: boolean): void {
    this.#up = up;
    this.#changed();
  }

  freeSlots(inFlightPerInstance: number): number {
    if (!this.#up) return 0;
    return this.#running.reduce((sum, busy) => sum + Math.max(0, inFlightPerInstance - busy), 0);
  }

  idleInstances(): number {
    return this.#up ? this.#running.filter((busy) => busy === 0).length : 0;
  }

  /** What would take longer than its limit is hung when that is over. */
  run(inputs: readonly Tensor[], _outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer> {
    if (!this.#up) return Promise.reject(new EngineFailure("Unavailable", "no engine is up"));
    const instance = this.#running.indexOf(Math.min(...this.#running));
    this.#running[instance]! += 1;
    this.batches.push(inputs);
    const planned = this.#plan(inputs);
    const limit = 1000 * limitMilliseconds;
    const { microseconds, failure } =
      planned.microseconds > limit ? { microseconds: limit, failure: "Hung" as const } : planned;
    return new Promise((resolve, reject) => {
      this.#clock.at(this.#clock.now() + microseconds, () => {
        this.#running[instance]! -= 1;
        if (failure === undefined) resolve({ outputs: inputs, microseconds });
        else reject(new EngineFailure(failure, "engine text with /a/path"));
        this.#changed();
      });
    });
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  status() {
    const state = this.#up ? ("Ready" as const) : ("Restarting" as const);
    return this.#running.map((_, instance) => ({ instance, state, restarts: 0, cpus: null }));
  }

  pinning() {
    return "Off" as const;
  }

  close(): Promise<void> {
    this.setUp(false);
    return Promise.resolve();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
