import type { AcceleratorActivity, MachineActivity } from "@sweetspot/crds";
import { type CpuReading, coreActivity, parseStat } from "./cpu-times.ts";
import type { MachineFiles } from "./machine-files.ts";
import { pageBytes } from "./memory.ts";
import { readPressure } from "./pressure.ts";
import { type ProcessTable, processActivity, programName, readProcesses } from "./process-table.ts";
import { readThrottling, type Throttling } from "./throttling.ts";

/** What is known of the machine at one moment. Two of them tell what happened in between. */
export interface MachineReading {
  /** Milliseconds on a monotonic clock. */
  readonly at: number;
  readonly cpus: CpuReading;
  readonly processes: ProcessTable;
  readonly throttling: Throttling | null;
}

/** Reads all counters, which takes some milliseconds with a few hundred processes. Never throws. */
export function readMachine(files: MachineFiles, at: number): MachineReading {
  return {
    at,
    cpus: parseStat(files.read("/proc/stat") ?? ""),
    processes: readProcesses(files),
    throttling: readThrottling(files),
  };
}

const mostProcesses = 20;

export interface ActivitySources {
  readonly files: MachineFiles;
  /** Process numbers that do not count. */
  readonly without: readonly number[];
  readonly accelerators: readonly AcceleratorActivity[];
}

/** What happened between two readings. */
export function activityBetween(
  before: MachineReading,
  after: MachineReading,
  { files, without, accelerators }: ActivitySources,
): MachineActivity {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const comparison = { seconds, pageBytes: pageBytes(files), without, most: mostProcesses };
  return {
    seconds,
    cores: coreActivity(before.cpus, after.cpus),
    runnable: after.cpus.runnable,
    cpuPressure: readPressure(files).cpu?.some ?? null,
    throttledPeriods: throttlingBetween(before.throttling, after.throttling)?.throttledPeriods ?? null,
    processes: processActivity(before.processes, after.processes, comparison).map((process) => ({
      ...process,
      name: programName(files.read(`/proc/${process.pid}/cmdline`) ?? "", process.name),
    })),
    accelerators: [...accelerators],
  };
}

/** What the quota did between two readings; null without a quota, or when its counters began anew. */
export function throttlingBetween(before: Throttling | null, after: Throttling | null): Throttling | null {
  if (before === null || after === null || after.periods < before.periods) return null;
  return {
    periods: after.periods - before.periods,
    throttledPeriods: Math.max(0, after.throttledPeriods - before.throttledPeriods),
    throttledSeconds: Math.max(0, after.throttledSeconds - before.throttledSeconds),
  };
}
