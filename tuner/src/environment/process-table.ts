import { posix } from "node:path";
import type { ProcessActivity } from "@sweetspot/crds";
import type { MachineFiles } from "./machine-files.ts";
import { type ProcessStat, parseProcessStat } from "./process-cpu.ts";

/** The processes that this one may see, by their number. */
export type ProcessTable = ReadonlyMap<number, ProcessStat>;

/** Reads every process. Some end while they are read: they are left out. */
export function readProcesses({ read, list }: MachineFiles): ProcessTable {
  const pids = list("/proc").filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const stat = parseProcessStat(read(`/proc/${pid}/stat`) ?? "");
      return stat === null ? [] : [[Number(pid), stat] as const];
    }),
  );
}

export interface ProcessComparison {
  readonly seconds: number;
  readonly pageBytes: number;
  /** Process numbers that do not count, such as the observer's own. */
  readonly without: readonly number[];
  readonly most: number;
}

/**
 * The busiest processes between two readings, most CPU first. One that began in between counts from its start; one that
 * ended in between is not seen.
 */
export function processActivity(
  before: ProcessTable,
  after: ProcessTable,
  { seconds, pageBytes, without, most }: ProcessComparison,
): ProcessActivity[] {
  const active = [...after].flatMap(([pid, stat]) => {
    const earlier = before.get(pid);
    const since = earlier?.started === stat.started ? earlier.cpuMicroseconds : 0;
    const cpus = (stat.cpuMicroseconds - since) / 1e6 / seconds;
    if (without.includes(pid) || !(cpus > 0)) return [];
    const { threads, residentPages, lastCpu } = stat;
    return [{ pid, name: stat.name.slice(0, 64), cpus, threads, residentBytes: residentPages * pageBytes, lastCpu }];
  });
  return active.toSorted((a, b) => b.cpus - a.cpus).slice(0, most);
}

/** Programs of which the script says more than their own name. */
const interpreters = /^(node|python[\d.]*|bash|sh|java|ruby|perl|deno|bun)$/;

const scripts = /^[^-].*\.(m?[jt]s|cjs|py|sh|jar)$/;
/** Options of Node whose value is a script that is not the program. */
const preloads = /^(-r|--require|--import|--loader)$/;

/**
 * What people call a process: the program and, where it interprets a script, the script, both without their folders.
 * Other arguments may hold secrets. `name`: what the kernel calls it, which for Node is that of a thread.
 *
 * `commandLine`: text of a `/proc/PID/cmdline`, words that end in NUL; empty for the kernel's own.
 */
export function programName(commandLine: string, name: string): string {
  const [program, ...words] = commandLine.split("\0").filter((word) => word !== "");
  if (program === undefined || program.includes(" ")) return name;
  const interpreted = interpreters.test(posix.basename(program));
  const script = interpreted
    ? words.find((word, i) => scripts.test(word) && !preloads.test(words[i - 1] ?? ""))
    : undefined;
  return [program, script]
    .filter((part) => part !== undefined)
    .map((part) => posix.basename(part))
    .join(" ")
    .slice(0, 64);
}
