import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { formatCpuList, parseCpuList } from "./cpu-layout.ts";

/** What Linux says of a running process. */
export interface ProcessFacts {
  /** CPUs that its main thread may use, as Linux lists them. */
  readonly cpus: string | null;
  readonly residentBytes: number | null;
}

/** The CPUs that pinning can work with. */
export interface CpuInventory {
  readonly usable: readonly number[];
  readonly online: readonly number[];
}

/**
 * Reads `/proc/PID/status`. Synchronous on purpose: the kernel answers from memory in some 20 microseconds. All fields
 * are null where the process is gone or the system has no `/proc`.
 */
export function processFacts(pid: number | "self"): ProcessFacts {
  try {
    return parseProcessStatus(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return { cpus: null, residentBytes: null };
  }
}

/** Picks the facts out of the text of a `/proc/PID/status`. */
export function parseProcessStatus(text: string): ProcessFacts {
  const cpus = /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1] ?? null;
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1];
  return { cpus, residentBytes: kibibytes === undefined ? null : Number(kibibytes) * 1024 };
}

/** The CPUs of this process and of the host; both empty where the system does not tell. */
export function cpuInventory(): CpuInventory {
  const usable = parseCpuList(processFacts("self").cpus ?? "");
  try {
    return { usable, online: parseCpuList(readFileSync("/sys/devices/system/cpu/online", "utf8")) };
  } catch {
    return { usable, online: usable };
  }
}

/** The command line that runs `command` on these CPUs only. `taskset` execs it, so the process id stays the same. */
export function boundCommand(cpus: readonly number[], command: readonly string[]): string[] {
  return ["taskset", "-c", formatCpuList(cpus), ...command];
}

/** Tries whether a process may be bound to these CPUs: `taskset` must be there, and the system must allow it. */
export function canBind(cpus: readonly number[]): Promise<boolean> {
  const [program = "", ...argv] = boundCommand(cpus, ["true"]);
  return new Promise((resolve) => {
    const trial = spawn(program, argv, { stdio: "ignore" });
    trial.on("error", () => resolve(false));
    trial.on("exit", (code) => resolve(code === 0));
  });
}

/** Steps of niceness; each is worth a quarter more CPU time to the others where all want it. */
const politeness = 5;

/**
 * Lets this process go before a child that has just been started and has no threads yet. The front needs a CPU for microseconds at
 * a time and holds up everybody while it waits for one; engines compute for milliseconds.
 */
export function letFrontGoFirst(pid: number): void {
  try {
    setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority() + politeness));
  } catch {
    // It has ended already, which its owner notices by itself.
  }
}
