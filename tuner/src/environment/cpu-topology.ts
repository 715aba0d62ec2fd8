import { parseCpuList } from "@sweetspot/sidecar";
import type { MachineFiles } from "./machine-files.ts";

/** How the CPUs that this process may use lie on the machine. */
export interface CpuTopology {
  /** Logical CPUs by physical core, each list ascending; only cores of which at least one CPU is usable. */
  readonly cores: readonly (readonly number[])[];
  /** NUMA nodes with their CPUs; empty where the system does not tell. */
  readonly numaNodes: readonly (readonly number[])[];
  /** A hypervisor stands between: it may hide siblings and nodes. */
  readonly virtual: boolean;
}

const cpuFolder = "/sys/devices/system/cpu";
const nodeFolder = "/sys/devices/system/node";

/** Reads how `usable` CPUs share cores and memory. Never throws. */
export function readTopology({ read, list }: MachineFiles, usable: readonly number[]): CpuTopology {
  const siblings = usable.map((cpu) => cpusOf(read(`${cpuFolder}/cpu${cpu}/topology/thread_siblings_list`), [cpu]));
  const cores = new Map(siblings.map((core) => [core.join(","), core]));
  const nodes = list(nodeFolder).filter((name) => /^node\d+$/.test(name));
  return {
    cores: [...cores.values()],
    numaNodes: nodes.map((name) => cpusOf(read(`${nodeFolder}/${name}/cpulist`), [])).filter((cpus) => cpus.length > 0),
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(read("/proc/cpuinfo") ?? ""),
  };
}

function cpusOf(text: string | null, otherwise: number[]): number[] {
  try {
    return text === null || text.trim() === "" ? otherwise : parseCpuList(text);
  } catch {
    return otherwise;
  }
}

/** CPUs that share a core with an earlier one of the list: half of them on a machine with two threads a core. */
export function spareSiblings({ cores }: CpuTopology, usable: readonly number[]): number[] {
  const allowed = new Set(usable);
  return cores.flatMap((core) => core.filter((cpu) => allowed.has(cpu)).slice(1)).toSorted((a, b) => a - b);
}
