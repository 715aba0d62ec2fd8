import { cgroupFolders, cgroupPath } from "./cgroup-folders.ts";
import type { ReadText } from "./read-text.ts";

/** Which cgroup hierarchy governs the CPUs of this process; 0 where there is none. */
type CgroupVersion = 0 | 1 | 2;

/** What the cgroup grants. */
export interface CgroupLimits {
  readonly version: CgroupVersion;
  /** CPU seconds per second; null when unlimited. */
  readonly cpuQuota: number | null;
  /** Null when unlimited. */
  readonly memoryBytes: number | null;
}

/** Reads the limits of this process. A limit of any ancestor counts, as the kernel enforces the smallest. */
export function cgroupLimits(read: ReadText): CgroupLimits {
  const version = cgroupVersion(read("/proc/self/cgroup") ?? "");
  const cpu = cgroupFolders(read, "cpu").map((folder) => cpuQuota(read, folder, version));
  const memory = cgroupFolders(read, "memory").map((folder) => memoryLimit(read, folder));
  return { version, cpuQuota: smallest(cpu), memoryBytes: smallest(memory) };
}

/** 1 where a v1 hierarchy has the cpu controller (also in hybrid mode), else 2 where the unified one is there. */
function cgroupVersion(membership: string): CgroupVersion {
  if (cgroupPath(membership, "cpu") !== null) return 1;
  return cgroupPath(membership, "") !== null ? 2 : 0;
}

/** Quota of cpu.max (v2): "200000 100000" → 2, "max 100000" → null. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/);
  return ratio(quota, period);
}

/** Quota of cpu.cfs_quota_us and cpu.cfs_period_us (v1): -1 is no limit. */
export const parseCfsQuota = (quota: string, period: string): number | null => ratio(quota.trim(), period.trim());

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const value = Number(quota) / Number(period);
  return Number.isFinite(value) && value > 0 ? value : null;
}

/** memory.max (v2) or memory.limit_in_bytes (v1), where no limit is a number near 2^63. */
export function parseMemoryLimit(text: string): number | null {
  const bytes = Number(text.trim());
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? bytes : null;
}

function cpuQuota(read: ReadText, folder: string, version: CgroupVersion): number | null {
  if (version === 2) return parseCpuMax(read(`${folder}/cpu.max`) ?? "max");
  return parseCfsQuota(read(`${folder}/cpu.cfs_quota_us`) ?? "-1", read(`${folder}/cpu.cfs_period_us`) ?? "");
}

function memoryLimit(read: ReadText, folder: string): number | null {
  return parseMemoryLimit(read(`${folder}/memory.max`) ?? read(`${folder}/memory.limit_in_bytes`) ?? "max");
}

const smallest = (limits: readonly (number | null)[]): number | null => {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
};
