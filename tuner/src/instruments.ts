import type { Layout, ServingPlan } from "@sweetspot/crds";
import { cpuMicroseconds } from "./environment/process-cpu.ts";
import type { RequestMix } from "./load/request-mix.ts";
import { LoadClient } from "./load/run-load.ts";
import type { TableMeasurement } from "./measure/measure-table.ts";
import { openTableBench } from "./measure/table-bench.ts";
import { SidecarProcess } from "./race/sidecar-process.ts";
import type { LoadableVariant, OpenedModel } from "./tuning-state.ts";

/** A server that a candidate runs on. */
export type RunningServer = Pick<SidecarProcess, "inferUrl" | "pid" | "close">;

/** A load process with its mix. */
export type RunningLoad = Pick<LoadClient, "run" | "pid" | "close">;

/** Times cost tables of one model. Whoever opened it disposes of it. */
export interface TableBench extends AsyncDisposable {
  measure(variant: LoadableVariant, layout: Layout, batchable: boolean): Promise<TableMeasurement>;
}

/** What is timed, and how much the tuner's time allows. */
export interface TableBenchSetup {
  readonly model: OpenedModel;
  readonly budgetSeconds: number;
  readonly targetMilliseconds: number;
  /** Asked between lengths; throws to end the measurement. */
  readonly checkpoint: () => void;
}

/** What a tuning measures with: the machine itself, or a recording of one that is replayed. */
export interface Instruments {
  /** A monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly openTables: (setup: TableBenchSetup) => Promise<TableBench>;
  /** Starts a server for a plan, which is written to `planFile`; resolves when it is warm. */
  readonly startServer: (plan: ServingPlan, planFile: string) => Promise<RunningServer>;
  readonly startLoad: (mix: RequestMix) => Promise<RunningLoad>;
  /** CPU time that a process has used; null where the system does not tell. */
  readonly cpuMicroseconds: (pid: number) => Promise<number | null>;
}

/** Real engines, servers and load on this machine. */
export const realInstruments: Instruments = {
  now: () => performance.now(),
  openTables: openTableBench,
  startServer: (plan, planFile) => SidecarProcess.start(plan, planFile),
  startLoad: (mix) => LoadClient.start(mix),
  cpuMicroseconds,
};
