import { readFile } from "node:fs/promises";

/** Linux counts CPU time in ticks of 10 ms for every program that asks, whatever the kernel's own clock. */
const microsecondsPerTick = 10_000;

/** What the line of a `/proc/PID/stat` says. */
export interface ProcessStat {
  readonly name: string;
  /** User and system, without children. */
  readonly cpuMicroseconds: number;
  readonly threads: number;
  readonly residentPages: number;
  /** The CPU that its main thread last ran on. */
  readonly lastCpu: number;
  /** In ticks since the machine started: tells a process from a later one that got the same number. */
  readonly started: number;
}

/** CPU time of a running process without its children, user and system, in microseconds; null where Linux does not tell. */
export async function cpuMicroseconds(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return text === null ? null : parseProcessCpu(text);
}

/** Picks user and system time out of the text of a `/proc/PID/stat`. */
export const parseProcessCpu = (text: string): number | null => parseProcessStat(text)?.cpuMicroseconds ?? null;

/** Reads the text of a `/proc/PID/stat`; null for any other. The name in it may hold spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat | null {
  const [opening, closing] = [text.indexOf("("), text.lastIndexOf(")")];
  const fields = text.slice(closing + 2).split(" ");
  // proc_pid_stat(5) counts from 1 and starts with number and name, so its field 3 is the first one here.
  const field = (number: number) => Number(fields[number - 3]);
  const ticks = field(14) + field(15);
  if (opening < 0 || !Number.isFinite(ticks)) return null;
  return {
    name: text.slice(opening + 1, closing),
    cpuMicroseconds: ticks * microsecondsPerTick,
    threads: field(20) || 0,
    started: field(22) || 0,
    residentPages: Math.max(0, field(24) || 0),
    lastCpu: field(39) || 0,
  };
}
