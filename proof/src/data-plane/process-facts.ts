import { readdirSync, readFileSync } from "node:fs";

const pageBytes = 4096;
/** `sysconf(_SC_CLK_TCK)` of every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageBytes;
}

/** CPU time that a process has used, seconds, in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) as string).split(" ");
  // utime and stime are the 14th and 15th field, counted from 1; the first two are cut off here.
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Files, sockets and pipes that a process has open. */
export const openHandles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
