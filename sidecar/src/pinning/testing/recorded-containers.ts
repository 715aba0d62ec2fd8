import type { ReadText } from "../read-text.ts";

/** What Linux showed inside containers, by path. */
export type Recorded = Readonly<Record<string, string>>;

export const reading =
  (files: Recorded): ReadText =>
  (path) =>
    files[path] ?? null;

/**
 * cgroup v1 under the cgroupfs driver, without a cgroup namespace of its own, on a node of two CPUs with the static CPU
 * manager: a guaranteed pod that asks for one CPU.
 */
const v1Path = "/kubepods/pod6f0d2b1e-8d1c-4a8e-9c55-0c3f5b6a7d10/3c9ab7";
export const v1Guaranteed: Recorded = {
  "/proc/self/status": "Name:\tnode\nCpus_allowed:\t2\nCpus_allowed_list:\t1\nMems_allowed_list:\t0\n",
  "/proc/self/cgroup": `4:memory:${v1Path}\n3:cpuset:${v1Path}\n2:cpuacct:${v1Path}\n1:cpu:${v1Path}\n0::/\n`,
  "/proc/self/mountinfo":
    `712 701 0:29 ${v1Path} /sys/fs/cgroup/cpu ro,nosuid,nodev,noexec,relatime master:8 - cgroup cgroup rw,cpu\n` +
    `714 701 0:31 ${v1Path} /sys/fs/cgroup/cpuset ro,nosuid,nodev,noexec,relatime master:10 - cgroup cgroup rw,cpuset\n`,
  "/proc/self/oom_score_adj": "-997\n",
  "/sys/devices/system/cpu/online": "0-1\n",
  "/sys/fs/cgroup/cpu/cpu.stat": "nr_periods 812\nnr_throttled 3\nthrottled_time 81213301\n",
};

/** The same node: a pod with an injected container without requests, which leaves it the shared CPU. */
export const v1Injected: Recorded = {
  ...v1Guaranteed,
  "/proc/self/status": "Cpus_allowed_list:\t0\n",
  "/proc/self/cgroup": `1:cpu:${v1Path.replace("/kubepods/", "/kubepods/burstable/")}\n0::/\n`,
  "/proc/self/oom_score_adj": "968\n",
};

/** cgroup v2 under systemd, in a cgroup namespace of its own, on a node of eight CPUs: a guaranteed pod with two. */
export const v2Guaranteed: Recorded = {
  "/proc/self/status": "Cpus_allowed_list:\t2-3\n",
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo":
    "2265 2264 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n",
  "/proc/self/oom_score_adj": "-997\n",
  "/sys/devices/system/cpu/online": "0-7\n",
  "/sys/fs/cgroup/cpu.max": "max 100000\n",
  "/sys/fs/cgroup/cpu.stat":
    "usage_usec 7731290\nuser_usec 6104101\nsystem_usec 1627189\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n",
};

/** The same node without the static CPU manager: the pod may run anywhere, and a quota holds it to two CPUs. */
export const v2NoPolicy: Recorded = {
  ...v2Guaranteed,
  "/proc/self/status": "Cpus_allowed_list:\t0-7\n",
  "/sys/fs/cgroup/cpu.max": "200000 100000\n",
  "/sys/fs/cgroup/cpu.stat": "usage_usec 7731290\nnr_periods 401\nnr_throttled 12\nthrottled_usec 501203\n",
};

/** The same node: a burstable pod in the shared pool, as the host sees it. */
export const v2HostNamespace: Recorded = {
  ...v2NoPolicy,
  "/proc/self/status": "Cpus_allowed_list:\t0-1,4-7\n",
  "/proc/self/cgroup":
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1d_2e.slice/cri-containerd-9f.scope\n",
  "/proc/self/oom_score_adj": "0\n",
};
