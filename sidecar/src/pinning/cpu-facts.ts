import { parseCpuList } from "../engine/cpu-layout.ts";
import { cgroupFolders, cgroupPath } from "./cgroup-folders.ts";
import type { ReadText } from "./read-text.ts";

/** The quality-of-service classes of Kubernetes. Only a guaranteed pod can have CPUs of its own. */
type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** What Linux says of the CPUs of this container. */
export interface CpuFacts {
  /** CPUs that this process may run on, ascending; empty where the system does not tell. */
  readonly cpuset: readonly number[];
  /** CPUs that the node has online; empty where the system does not tell. */
  readonly online: readonly number[];
  /** Periods, since the container began, in which it used up its quota and stood still; null without a quota. */
  readonly throttledPeriods: number | null;
  /** Null where neither the cgroup's path nor the kernel's out-of-memory score gives it away. */
  readonly qos: QosClass | null;
}

/** Reads the facts. Works on cgroup v1, v2 and hybrids, with or without a cgroup namespace. Never throws. */
export function readCpuFacts(read: ReadText): CpuFacts {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(read("/proc/self/status") ?? "")?.[1];
  return {
    cpuset: cpuList(allowed),
    online: cpuList(read("/sys/devices/system/cpu/online")),
    throttledPeriods: throttledPeriods(read),
    qos: qosOfPath(read("/proc/self/cgroup") ?? "") ?? qosOfScore(read("/proc/self/oom_score_adj")),
  };
}

function cpuList(text: string | null | undefined): number[] {
  try {
    return parseCpuList(text ?? "");
  } catch {
    return [];
  }
}

/** `nr_throttled` of the container's own cgroup; v1 and v2 name it alike. */
function throttledPeriods(read: ReadText): number | null {
  const [own] = cgroupFolders(read, "cpu");
  const count = own === undefined ? undefined : /^nr_throttled (\d+)$/m.exec(read(`${own}/cpu.stat`) ?? "")?.[1];
  return count === undefined ? null : Number(count);
}

/** The kubelet's folders: /kubepods/burstable/pod..., or /kubepods.slice/kubepods-burstable.slice/... under systemd. */
function qosOfPath(membership: string): QosClass | null {
  const path = cgroupPath(membership, "cpu") ?? cgroupPath(membership, "") ?? "";
  if (!/(^|\/)kubepods/.test(path)) return null;
  if (/[/-]burstable[./]/.test(path)) return "Burstable";
  return /[/-]besteffort[./]/.test(path) ? "BestEffort" : "Guaranteed";
}

/**
 * Inside a cgroup namespace the path is hidden, but not the score that the kubelet gives the containers of each class.
 * Source: `GetContainerOOMScoreAdjust` in kubernetes/pkg/kubelet/qos/policy.go.
 */
function qosOfScore(text: string | null): QosClass | null {
  const score = Number(text ?? Number.NaN);
  if (score === -997) return "Guaranteed";
  if (score === 1000) return "BestEffort";
  return score >= 2 && score < 1000 ? "Burstable" : null;
}
