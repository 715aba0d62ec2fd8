import { readFile } from "node:fs/promises";

/** Linux counts CPU time in ticks of 10 ms for every program that asks, whatever the kernel's own clock. */
const microsecondsPerTick = 10_000;

/** CPU time of a running process without its children, user and system, in microseconds; null where Linux does not tell. */
export async function cpuMicroseconds(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return text === null ? null : parseProcessCpu(text);
}

/** Picks user and system time out of the text of a `/proc/PID/stat`. The name in it may hold spaces and parentheses. */
export function parseProcessCpu(text: string): number | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of the whole line, which starts with the number and the name. Source: proc_pid_stat(5).
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * microsecondsPerTick : null;
}
