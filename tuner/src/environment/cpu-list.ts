import { availableParallelism } from "node:os";
import { parseCpuList, type ReadText, readText } from "@sweetspot/sidecar";

/** The CPUs that this process may run on, ascending: the affinity mask, which a cpuset or `taskset` may narrow. */
export function usableCpus(read: ReadText = readText): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(read("/proc/self/status") ?? "")?.[1];
  if (list !== undefined) return parseCpuList(list);
  return Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
}
