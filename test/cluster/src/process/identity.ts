import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * One process and no other: ids are used again, so the start time (clock ticks after boot, field 22 of
 * `/proc/PID/stat`) belongs to it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** What we read from `/proc/PID/stat`, see proc_pid_stat(5). */
export interface ProcessStat extends ProcessIdentity {
  readonly command: string;
  readonly state: string;
  readonly parent: number;
}

/** Parses one line of `/proc/PID/stat`. The command may itself contain spaces and parentheses. */
export function parseStat(line: string): ProcessStat {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  const fields = line.slice(close + 2).split(" ");
  return {
    pid: Number(line.slice(0, open)),
    command: line.slice(open + 1, close),
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    startTicks: Number(fields[19]),
  };
}

/** The process that has this id now; null when there is none. */
export function statOf(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** The identity of a process that was just started. */
export function identityOf(pid: number): ProcessIdentity | null {
  const stat = statOf(pid);
  return stat === null ? null : { pid, startTicks: stat.startTicks };
}

/** Whether exactly this process still runs. A zombie does not. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = statOf(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && stat.state !== "Z" && stat.state !== "X";
}

/** Sends a signal to exactly this process; false when it no longer runs. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch {
    return false;
  }
}

/** Waits until the process has ended; false when it still runs after the time. */
export async function waitForEnd(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (isRunning(identity)) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** SIGTERM, and SIGKILL when that did not end it in time. */
export async function terminate(identity: ProcessIdentity, graceMilliseconds = 10_000): Promise<void> {
  signal(identity, "SIGTERM");
  if (await waitForEnd(identity, graceMilliseconds)) return;
  await kill(identity);
}

/** Ends a process at once, and returns when it has ended. */
export async function kill(identity: ProcessIdentity): Promise<void> {
  signal(identity, "SIGKILL");
  await waitForEnd(identity, 10_000);
}

/** None where there is no `/proc`. */
function allStats(): ProcessStat[] {
  const pids = existsSync("/proc") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return pids.map((pid) => statOf(Number(pid))).filter((stat) => stat !== null);
}

/** The children of a process. */
export const childrenOf = (pid: number): ProcessStat[] => allStats().filter((stat) => stat.parent === pid);

/**
 * All processes that were started with the environment entry `entry` (`NAME=value`), found by `/proc/PID/environ`.
 * This finds what a crashed command had started and not yet recorded, and what left its process group. None where there is no `/proc`.
 */
export function processesWithEnvironment(entry: string): ProcessStat[] {
  return allStats().filter((stat) => {
    try {
      return readFileSync(`/proc/${stat.pid}/environ`, "utf8").split("\0").includes(entry);
    } catch {
      return false;
    }
  });
}
