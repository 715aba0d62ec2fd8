import type { EngineStatus, PinningState } from "@sweetspot/crds";
import { bindingObstacle, readCpus } from "../pinning/cpu-watch.ts";
import type { Tensor } from "../tensor.ts";
import { assignCpus, type CpuAssignment, pinningState } from "./cpu-layout.ts";
import { type EngineAnswer, EngineFailure, type EnginePool, type EngineSettings, type EngineUsage } from "./engine.ts";
import { type After, EngineInstance } from "./engine-instance.ts";
import { defaultWatch, type WatchSettings } from "./engine-watch.ts";
import { type CpuInventory, cpuInventory } from "./linux-process.ts";
import type { LoadPacer } from "./load-pacer.ts";

/** What tests replace; each has a default. */
export interface EnginePoolOptions {
  /** The engine's program and arguments. */
  readonly command?: readonly string[];
  /** How idle processes are looked after; the memory that they may hold is the plan's. */
  readonly watch?: Omit<WatchSettings, "memoryBytes">;
  /** The CPUs that engines may be bound to; by default what Linux says, and none in a pod that shares its CPUs. */
  readonly cpus?: CpuInventory;
  readonly after?: After;
  /** A model that takes longer to load counts as hung. */
  readonly loadLimitMilliseconds?: number;
  /** Given where others serve on the same CPUs meanwhile; until its end the processes run when it lets them. */
  readonly pacer?: LoadPacer | null;
}

const defaultLoadLimitMilliseconds = 120_000;
const defaultGraceMilliseconds = 5000;

/**
 * Starts all engine processes of one model, in parallel, and resolves when each has loaded it. If one cannot, all are
 * ended and it rejects with `EngineFailure`: `Rejected` for a model that the engine refuses, `Crashed`, `Hung` or
 * `Unavailable` for a process that died, loaded too long or could not be started.
 */
export async function startProcessPool(
  settings: EngineSettings,
  options: EnginePoolOptions & { readonly command: readonly string[] },
): Promise<EnginePool> {
  const pool = new ProcessPool(settings, options);
  try {
    await pool.start();
  } catch (error) {
    await pool.close(0);
    throw startFailure(error);
  }
  return pool;
}

function startFailure(error: unknown): EngineFailure {
  if (!(error instanceof EngineFailure)) return new EngineFailure("Unavailable", (error as Error).message);
  const what = error.kind === "Rejected" ? "the engine refused the model" : "the engine did not start";
  return new EngineFailure(error.kind, `${what}: ${error.message}`);
}

const realTime: After = (milliseconds, then) => {
  const timer = setTimeout(then, milliseconds);
  return () => clearTimeout(timer);
};

class ProcessPool implements EnginePool {
  readonly #settings: EngineSettings;
  readonly #cpus: CpuInventory;
  readonly #assignment: CpuAssignment;
  readonly #instances: readonly EngineInstance[];
  readonly #listeners: (() => void)[] = [];
  readonly #users = new Set<(began: boolean) => void>();
  #closed: Promise<void> | null = null;

  constructor(settings: EngineSettings, options: EnginePoolOptions & { readonly command: readonly string[] }) {
    this.#settings = settings;
    this.#cpus = options.cpus ?? cpuInventory();
    const obstacle = options.cpus === undefined ? bindingObstacle(readCpus(null)) : null;
    this.#assignment = assignCpus(this.#cpus.usable, settings.layout, obstacle);
    const mebibytes = settings.layout.memoryMebibytesPerInstance;
    const memoryBytes = mebibytes === undefined ? null : mebibytes * 2 ** 20;
    const common = {
      model: settings,
      command: options.command,
      watch: { ...(options.watch ?? defaultWatch), memoryBytes },
      loadLimitMilliseconds: options.loadLimitMilliseconds ?? defaultLoadLimitMilliseconds,
      after: options.after ?? realTime,
      pacer: options.pacer ?? null,
      onChange: () => this.#notify(),
    };
    this.#instances = Array.from(
      { length: settings.layout.instances },
      (_, instance) => new EngineInstance({ ...common, cpus: this.#assignment.sets?.[instance] ?? null }),
    );
  }

  get instances(): number {
    return this.#instances.length;
  }

  get usage(): EngineUsage {
    return {
      engines: () => this.#instances.map(({ use }) => use),
      watch: (listener) => {
        this.#users.add(listener);
        return () => this.#users.delete(listener);
      },
    };
  }

  async start(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.start()));
  }

  freeSlots(inFlightPerInstance: number): number {
    return this.#ready().reduce((sum, { inFlight }) => sum + Math.max(0, inFlightPerInstance - inFlight), 0);
  }

  idleInstances(): number {
    return this.#ready().filter(({ inFlight }) => inFlight === 0).length;
  }

  async run(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer> {
    const ready = this.#ready();
    if (ready.length === 0) throw new EngineFailure("Unavailable", "no engine process is up");
    const instance = ready.reduce((best, each) => (each.inFlight < best.inFlight ? each : best));
    const answer = instance.run(inputs, outputs, limitMilliseconds);
    for (const used of this.#users) used(true);
    try {
      return await answer;
    } finally {
      this.#notify();
      for (const used of this.#users) used(false);
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  status(): EngineStatus[] {
    return this.#instances.map((instance, index) => instance.status(index));
  }

  pinning(): PinningState {
    return pinningState({
      layout: this.#settings.layout,
      assignment: this.#assignment,
      usable: this.#cpus.usable,
      online: this.#cpus.online,
      observed: this.status().map(({ cpus }) => cpus),
      bindable: this.#instances.every(({ bound }) => bound),
    });
  }

  close(graceMilliseconds = defaultGraceMilliseconds): Promise<void> {
    this.#closed ??= this.#stopAll(graceMilliseconds);
    return this.#closed;
  }

  async #stopAll(graceMilliseconds: number): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop(graceMilliseconds)));
  }

  #ready(): EngineInstance[] {
    return this.#instances.filter(({ ready }) => ready);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
