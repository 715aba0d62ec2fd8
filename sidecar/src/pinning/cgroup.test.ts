import { describe, expect, it } from "vitest";
import { cgroupLimits, parseCfsQuota, parseCpuMax, parseMemoryLimit } from "./cgroup.ts";
import type { ReadText } from "./read-text.ts";

const files = (texts: Record<string, string>): ReadText => {
  return (path) => texts[path] ?? null;
};

// Recorded in a pod on a node with cgroup v2, where the container has a namespace of its own.
const v2Pod = {
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo":
    "2265 2264 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot\n",
  "/sys/fs/cgroup/cpu.max": "250000 100000\n",
  "/sys/fs/cgroup/memory.max": "1073741824\n",
};
// A systemd service, whose slice has the tighter limit.
const v2Service = {
  "/proc/self/cgroup": "0::/batch.slice/tune.service\n",
  "/proc/self/mountinfo": "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
  "/sys/fs/cgroup/batch.slice/tune.service/cpu.max": "max 100000\n",
  "/sys/fs/cgroup/batch.slice/cpu.max": "150000 100000\n",
  "/sys/fs/cgroup/batch.slice/tune.service/memory.max": "max\n",
};
// A v1 container without a cgroup namespace: the mount's root is the container's own cgroup.
const pod = "/kubepods/burstable/pod1d/9f";
const v1Pod = {
  "/proc/self/cgroup": `11:memory:${pod}\n4:cpu,cpuacct:${pod}\n1:name=systemd:${pod}\n`,
  "/proc/self/mountinfo":
    `731 730 0:31 ${pod} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n` +
    `738 730 0:38 ${pod} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n`,
  "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
  "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
};
// Hybrid: the unified hierarchy is mounted, but v1 has the controllers.
const hybrid = {
  "/proc/self/cgroup": "4:memory:/job\n1:cpu:/\n0::/\n",
  "/proc/self/mountinfo":
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n" +
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
  "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
  "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712\n",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes": "25769803776\n",
};

describe("the cgroup's limits", () => {
  it.each([
    ["of a v2 pod", v2Pod, { version: 2, cpuQuota: 2.5, memoryBytes: 2 ** 30 }],
    ["of an ancestor where that is tighter", v2Service, { version: 2, cpuQuota: 1.5, memoryBytes: null }],
    ["of a v1 pod", v1Pod, { version: 1, cpuQuota: 0.5, memoryBytes: 2 ** 29 }],
    ["of v1 in hybrid mode", hybrid, { version: 1, cpuQuota: null, memoryBytes: 24 * 2 ** 30 }],
    ["are none without cgroups", {}, { version: 0, cpuQuota: null, memoryBytes: null }],
  ])("%s", (_, texts, limits) => expect(cgroupLimits(files(texts))).toEqual(limits));

  it("are none where the files say so or nothing", () => {
    expect([parseCpuMax("max 100000"), parseCpuMax("max"), parseCpuMax("")]).toEqual([null, null, null]);
    expect([parseCfsQuota("-1", "100000"), parseCfsQuota("100000", "")]).toEqual([null, null]);
    expect([parseMemoryLimit("max"), parseMemoryLimit("9223372036854771712")]).toEqual([null, null]);
  });
});
