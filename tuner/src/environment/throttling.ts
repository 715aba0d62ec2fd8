import { cgroupFolders } from "@sweetspot/sidecar";
import type { MachineFiles } from "./machine-files.ts";

/** What a CPU quota has done so far. */
export interface Throttling {
  /** Periods of the quota, usually of 100 ms, in which something wanted to run. */
  readonly periods: number;
  /** Of these, how many ended early because the quota was used up. */
  readonly throttledPeriods: number;
  /** Time that threads stood still for it, over all CPUs. */
  readonly throttledSeconds: number;
}

/**
 * Reads the throttling of this process' cgroup (v1 or v2), or of the ancestor that was throttled most: a pod's quota
 * stops its containers although theirs is not used up. Null without a quota anywhere.
 */
export function readThrottling({ read }: Pick<MachineFiles, "read">): Throttling | null {
  const all = cgroupFolders(read, "cpu").map((folder) => parseCpuStat(read(`${folder}/cpu.stat`) ?? ""));
  const governed = all.filter((each) => each !== null && each.periods > 0) as Throttling[];
  return governed.toSorted((a, b) => b.throttledPeriods - a.throttledPeriods)[0] ?? null;
}

/** Text of a cpu.stat: v2 counts stopped time in microseconds (`throttled_usec`), v1 in nanoseconds (`throttled_time`). */
export function parseCpuStat(text: string): Throttling | null {
  const field = (name: string) => {
    const value = new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
    return value === undefined ? null : Number(value);
  };
  const [periods, throttledPeriods] = [field("nr_periods"), field("nr_throttled")];
  if (periods === null || throttledPeriods === null) return null;
  const micro = field("throttled_usec");
  const throttledSeconds = micro === null ? (field("throttled_time") ?? 0) / 1e9 : micro / 1e6;
  return { periods, throttledPeriods, throttledSeconds };
}
