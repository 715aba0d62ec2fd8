import { availableParallelism } from "node:os";
import { cgroupLimits } from "./cgroup.ts";
import { readCpuFacts } from "./cpu-facts.ts";
import { type ReadText, readText } from "./read-text.ts";

/**
 * How many CPUs' worth of time this process can have, at least 1: those of its CPU set, or the whole CPUs of its cgroup's
 * quota where that is less. More threads than that would only be throttled.
 */
export function usableCpuCount(read: ReadText = readText): number {
  const { cpuset } = readCpuFacts(read);
  const cpus = cpuset.length === 0 ? availableParallelism() : cpuset.length;
  const quota = cgroupLimits(read).cpuQuota ?? cpus;
  return Math.max(1, Math.min(cpus, Math.floor(quota)));
}
