import { availableParallelism } from "node:os";
import { type ReadText, readText } from "@sweetspot/sidecar";

/**
 * The CPUs of a list as Linux writes it: "0-3,8" → 0, 1, 2, 3, 8.
 * Source: "List format" of cpuset(7), without strides. Throws `RangeError` for anything else.
 */
export function parseCpuList(list: string): number[] {
  const text = list.trim();
  if (text === "") return [];
  return text.split(",").flatMap(parseRange);
}

function parseRange(range: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range.trim());
  if (match === null) throw new RangeError(`"${range}" is not a range of CPUs, such as 0-3`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last < first) throw new RangeError(`the range of CPUs "${range}" ends before it starts`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The CPUs that this process may run on, ascending: the affinity mask, which a cpuset or `taskset` may narrow. */
export function usableCpus(read: ReadText = readText): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(read("/proc/self/status") ?? "")?.[1];
  if (list !== undefined) return parseCpuList(list);
  return Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
}
