import type { CoreActivity } from "@sweetspot/crds";

/** Time of one logical CPU since the machine started, in ticks of 10 ms. */
interface CpuTimes {
  readonly cpu: number;
  readonly busy: number;
  readonly stolen: number;
  readonly total: number;
}

/** What /proc/stat says. */
export interface CpuReading {
  readonly cores: readonly CpuTimes[];
  /** Threads that run or wait for a CPU; null where the file does not say. */
  readonly runnable: number | null;
}

/** Reads the lines "cpu0 user nice system idle iowait irq softirq steal ..." and "procs_running". Source: proc_stat(5). */
export function parseStat(text: string): CpuReading {
  const lines = Array.from(text.matchAll(/^cpu(\d+) (.+)$/gm));
  const running = /^procs_running (\d+)$/m.exec(text)?.[1];
  return {
    cores: lines.map(([, cpu, fields = ""]) => timesOf(Number(cpu), fields.trim().split(/\s+/).map(Number))),
    runnable: running === undefined ? null : Number(running),
  };
}

function timesOf(cpu: number, fields: readonly number[]): CpuTimes {
  // Guest time, which comes after these eight, is inside of user time already.
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, stolen = 0] = fields;
  const busy = user + nice + system + irq + softirq;
  return { cpu, busy, stolen, total: busy + idle + wait + stolen };
}

/** What each CPU did between two readings. One that was not there before, or whose counters went back, is left out. */
export function coreActivity(before: CpuReading, after: CpuReading): CoreActivity[] {
  const earlier = new Map(before.cores.map((times) => [times.cpu, times]));
  return after.cores.flatMap((later) => {
    const first = earlier.get(later.cpu);
    const total = first === undefined ? 0 : later.total - first.total;
    if (first === undefined || total <= 0) return [];
    const share = (ticks: number) => Math.min(1, Math.max(0, ticks / total));
    return [{ cpu: later.cpu, busy: share(later.busy - first.busy), stolen: share(later.stolen - first.stolen) }];
  });
}
