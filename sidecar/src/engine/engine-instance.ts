import type { EngineStatus } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";
import { type EngineAnswer, EngineFailure, type EngineSettings } from "./engine.ts";
import { EngineProcess } from "./engine-process.ts";
import { inMebibytes, type WatchSettings, watchEngine } from "./engine-watch.ts";
import { canBind } from "./linux-process.ts";
import type { EngineUse } from "./load-pace.ts";
import type { LoadPacer } from "./load-pacer.ts";

/** Calls `then` after so many milliseconds, unless the function that it returns is called before. */
export type After = (milliseconds: number, then: () => void) => () => void;

export interface InstanceSettings {
  readonly model: EngineSettings;
  readonly command: readonly string[];
  /** The CPUs that this instance should have to itself, or null. */
  readonly cpus: readonly number[] | null;
  readonly loadLimitMilliseconds: number;
  readonly after: After;
  readonly watch: WatchSettings;
  /** Tells the process when it may run until the plan is loaded; null where it need not yield to anybody. */
  readonly pacer: LoadPacer | null;
  /** Called when the instance became ready or was lost. */
  readonly onChange: () => void;
}

const firstDelayMilliseconds = 100;
const longestDelayMilliseconds = 10_000;

/** Milliseconds to wait before the restart after so many failures in a row: 100, 200, 400, ... up to 10 s. */
export function restartDelay(failures: number): number {
  return Math.min(firstDelayMilliseconds * 2 ** (failures - 1), longestDelayMilliseconds);
}

/**
 * One place in the pool: an engine process and, when that dies, the next one. A batch that was answered proves the
 * engine sound again, so the back-off grows only over failures in a row.
 */
export class EngineInstance {
  readonly #settings: InstanceSettings;
  #process: EngineProcess | null = null;
  #state: EngineStatus["state"] = "Starting";
  #restarts = 0;
  #failures = 0;
  #bound = true;
  #version: string | null = null;
  #cancelRestart: () => void = () => undefined;

  constructor(settings: InstanceSettings) {
    this.#settings = settings;
  }

  get ready(): boolean {
    return this.#state === "Ready" && this.#process?.usable === true;
  }

  get inFlight(): number {
    return this.#process?.inFlight ?? 0;
  }

  /** What it may run on, and whether it has a batch. */
  get use(): EngineUse {
    return { cpus: this.#bound ? this.#settings.cpus : null, busy: this.inFlight > 0 };
  }

  /** False when CPUs were assigned but the process could not be bound to them. */
  get bound(): boolean {
    return this.#bound;
  }

  /** Starts the first process. Rejects with `EngineFailure` when that fails, and then tries no further. */
  async start(): Promise<void> {
    await this.#launch();
  }

  /** Runs one batch; rejects with `EngineFailure`. */
  async run(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer> {
    if (this.#process === null) throw new EngineFailure("Unavailable", "the engine process is not up");
    const answer = await this.#process.run(inputs, outputs, limitMilliseconds);
    this.#failures = 0;
    return answer;
  }

  status(instance: number): EngineStatus {
    const { cpus = null, residentBytes = null } = this.#process?.facts() ?? {};
    return { instance, state: this.#state, restarts: this.#restarts, cpus, residentBytes, version: this.#version };
  }

  /** Lets running batches finish for at most `graceMilliseconds`, then ends the process for good. */
  async stop(graceMilliseconds: number): Promise<void> {
    const loading = this.#state !== "Ready";
    this.#state = "Stopped";
    this.#cancelRestart();
    // A load cannot be interrupted, and nobody waits for it any more.
    if (loading) this.#process?.kill("Unavailable", "the engine was stopped while it started");
    await this.#process?.stop(graceMilliseconds);
  }

  async #launch(): Promise<void> {
    const { model, command, cpus, loadLimitMilliseconds, pacer } = this.#settings;
    this.#bound = cpus === null || (await canBind(cpus));
    if (this.#state === "Stopped") throw new EngineFailure("Unavailable", "the engine was stopped while it started");
    const bound = this.#bound ? cpus : null;
    const process = new EngineProcess({ command, cpus: bound, ...(pacer && { onWork: () => pacer.changed() }) });
    this.#process = process;
    pacer?.add(process, bound);
    const { threadsPerInstance: threads, spinning } = model.layout;
    try {
      const { file, options = {} } = model;
      const { version } = await process.load({ file, threads, spinning, options }, loadLimitMilliseconds);
      this.#version = version;
      this.#checkMemory(process);
    } catch (error) {
      process.kill();
      await process.ended;
      throw error;
    }
    this.#becomeReady(process);
  }

  /** A model that does not fit would be loaded again and again. */
  #checkMemory(process: EngineProcess): void {
    const { memoryBytes } = this.#settings.watch;
    const { residentBytes } = process.facts();
    if (memoryBytes === null || residentBytes === null || residentBytes <= memoryBytes) return;
    throw new EngineFailure("Rejected", `with the model loaded it holds ${inMebibytes(residentBytes, memoryBytes)}`);
  }

  #becomeReady(process: EngineProcess): void {
    if (this.#state === "Stopped") return;
    this.#state = "Ready";
    watchEngine(process, this.#settings.watch);
    void process.ended.then(() => this.#onLost());
    this.#settings.onChange();
  }

  #onLost(): void {
    if (this.#state === "Stopped") return;
    this.#state = "Restarting";
    this.#restarts += 1;
    this.#restartLater();
    this.#settings.onChange();
  }

  #restartLater(): void {
    if (this.#state === "Stopped") return;
    this.#failures += 1;
    const relaunch = () => void this.#launch().catch(() => this.#restartLater());
    this.#cancelRestart = this.#settings.after(restartDelay(this.#failures), relaunch);
  }
}
