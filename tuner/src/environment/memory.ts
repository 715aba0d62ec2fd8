import { cgroupFolders, cgroupLimits } from "@sweetspot/sidecar";
import type { MachineFiles } from "./machine-files.ts";

/** The memory of the machine and of this container. */
export interface MemoryFacts {
  /** Null where there is no /proc/meminfo. */
  readonly totalBytes: number | null;
  readonly availableBytes: number | null;
  readonly swapUsedBytes: number;
  /** Of the cgroup; null without one. */
  readonly limitBytes: number | null;
  /** Processes of the container that the kernel killed for memory; null where it does not tell (cgroup v1). */
  readonly killed: number | null;
  readonly hugePages: HugePageFacts;
}

/** Large pages: fewer misses of the address cache where weights are read from end to end. */
export interface HugePageFacts {
  /** `always`, `madvise` or `never`; null where the kernel has none. */
  readonly transparent: string | null;
  /** Memory that has them now. */
  readonly transparentBytes: number;
  /** Reserved by the administrator. */
  readonly reserved: number;
}

export function readMemory({ read }: Pick<MachineFiles, "read">): MemoryFacts {
  const info = parseMemoryInfo(read("/proc/meminfo") ?? "");
  const bytes = (name: string) => info.get(name) ?? null;
  return {
    totalBytes: bytes("MemTotal"),
    availableBytes: bytes("MemAvailable"),
    swapUsedBytes: (bytes("SwapTotal") ?? 0) - (bytes("SwapFree") ?? 0),
    limitBytes: cgroupLimits(read).memoryBytes,
    killed: killedForMemory(read),
    hugePages: {
      transparent: chosenWord(read("/sys/kernel/mm/transparent_hugepage/enabled") ?? ""),
      transparentBytes: bytes("AnonHugePages") ?? 0,
      reserved: info.get("HugePages_Total") ?? 0,
    },
  };
}

/** The lines of /proc/meminfo: sizes in bytes, counts (without "kB") as they are. */
function parseMemoryInfo(text: string): Map<string, number> {
  const lines = text.matchAll(/^(\S+):\s+(\d+)( kB)?$/gm);
  return new Map(Array.from(lines, ([, name = "", value, unit]) => [name, Number(value) * (unit ? 1024 : 1)]));
}

/** The word in brackets: "always [madvise] never" → "madvise". */
const chosenWord = (text: string): string | null => /\[(\w+)\]/.exec(text)?.[1] ?? null;

function killedForMemory(read: MachineFiles["read"]): number | null {
  const [own] = cgroupFolders(read, "memory");
  const count = own === undefined ? undefined : /^oom_kill (\d+)$/m.exec(read(`${own}/memory.events`) ?? "")?.[1];
  return count === undefined ? null : Number(count);
}

/** Bytes of a page: 4096 on x86, up to 65536 on ARM. The kernel says it of every mapping. */
export function pageBytes({ read }: Pick<MachineFiles, "read">): number {
  const kibibytes = /^KernelPageSize:\s+(\d+) kB$/m.exec(read("/proc/self/smaps") ?? "")?.[1];
  return kibibytes === undefined ? 4096 : Number(kibibytes) * 1024;
}
