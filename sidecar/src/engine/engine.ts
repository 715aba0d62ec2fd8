import type { EngineName, EngineOptions, EngineStatus, Layout, PinningState } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";
import type { EngineUse } from "./load-pace.ts";

/** What an engine process is started with. */
export interface EngineSettings {
  readonly engine: EngineName;
  /** Absolute path of the model file, or the address of a model on another server. */
  readonly file: string;
  readonly layout: Layout;
  /** Those that the kind of engine knows; its defaults where absent. */
  readonly options?: EngineOptions;
}

/** One finished batch. */
export interface EngineAnswer {
  readonly outputs: readonly Tensor[];
  /** Time inside the engine process, from the decoded frame to the computed outputs. */
  readonly microseconds: number;
}

/**
 * - `Rejected`: the model refused the inputs; the engine lives.
 * - `Crashed`: the process died while it had the batch; another server broke the connection or answered with a fault of its own.
 * - `Hung`: the batch outlasted its limit and the process was killed, or the other server is not waited for any more.
 * - `Unavailable`: no engine is up, takes anything now, or the pool is closing.
 */
export type EngineFailureKind = "Rejected" | "Crashed" | "Hung" | "Unavailable";

/** The only error that `EnginePool.run` throws. The message may hold engine text: log it, never send it to a client. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
  readonly kind: EngineFailureKind;
  constructor(kind: EngineFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How much the processes of a pool have to do, for others that want the same CPUs. */
export interface EngineUsage {
  engines(): EngineUse[];
  /** Calls `listener` after each batch that `began` or ended, until the function that it gives is called. */
  watch(listener: (began: boolean) => void): () => void;
}

/**
 * The engine processes of one loaded model. The pool starts, watches, restarts and pins them; *who* goes into a
 * batch, and what happens to a batch whose engine died, is the caller's business.
 */
export interface EnginePool {
  readonly instances: number;
  /** Batches that could be handed over now, if each ready instance takes `inFlightPerInstance`. */
  freeSlots(inFlightPerInstance: number): number;
  /** Instances that are ready and have nothing to do. */
  idleInstances(): number;
  /**
   * Runs one batch on the least loaded ready instance.
   * `limitMilliseconds`: after this long the instance counts as hung and is replaced.
   * Throws `EngineFailure` only.
   */
  run(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer>;
  /** Called after each finished batch and each instance that became ready or was lost. */
  onChange(listener: () => void): void;
  /** Absent where the engines do not run on this machine's CPUs. */
  readonly usage?: EngineUsage;
  status(): EngineStatus[];
  pinning(): PinningState;
  /** Lets running batches finish for at most `graceMilliseconds`, then ends the processes. */
  close(graceMilliseconds?: number): Promise<void>;
}
