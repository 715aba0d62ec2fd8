import type { MachineFiles } from "../machine-files.ts";

/** What Linux shows on some machine, by path. */
export type Recorded = Readonly<Record<string, string>>;

/** Reads recorded files; a folder holds whatever their paths put into it. */
export const recorded = (files: Recorded): MachineFiles => ({
  read: (path) => files[path] ?? null,
  list: (folder) => {
    const below = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(below.map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""))];
  },
});

const perCpu = (cpus: number, name: string, text: (cpu: number) => string): Recorded =>
  Object.fromEntries(
    Array.from({ length: cpus }, (_, cpu) => [`/sys/devices/system/cpu/cpu${cpu}/${name}`, text(cpu)]),
  );

const v2Mount = "2265 2264 0:29 / /sys/fs/cgroup ro,nosuid,nodev - cgroup2 cgroup rw,nsdelegate\n";

/** A server of two sockets with four cores of two threads each: AMX, VNNI, powersave under intel_pstate, an old swap. */
export const twoSocketXeon: Recorded = {
  "/proc/cpuinfo":
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz\n" +
    "flags\t\t: fpu sse2 sse4_1 fma avx f16c avx2 avx512f avx512bw avx_vnni avx512_bf16 avx512_vnni amx_bf16 amx_tile amx_int8\n",
  "/proc/self/status": "Cpus_allowed_list:\t0-15\n",
  "/proc/self/cgroup": "0::/user.slice/session-1.scope\n",
  "/proc/self/mountinfo": v2Mount,
  "/sys/devices/system/cpu/online": "0-15\n",
  ...perCpu(16, "topology/thread_siblings_list", (cpu) => `${cpu % 8},${(cpu % 8) + 8}\n`),
  ...perCpu(16, "cpufreq/scaling_governor", () => "powersave\n"),
  ...perCpu(16, "cpufreq/scaling_driver", () => "intel_pstate\n"),
  ...perCpu(16, "cpufreq/scaling_cur_freq", () => "1200000\n"),
  ...perCpu(16, "cpufreq/cpuinfo_max_freq", () => "3800000\n"),
  "/sys/devices/system/node/node0/cpulist": "0-3,8-11\n",
  "/sys/devices/system/node/node1/cpulist": "4-7,12-15\n",
  "/sys/devices/system/node/online": "0-1\n",
  "/sys/fs/cgroup/user.slice/session-1.scope/cpu.stat":
    "usage_usec 881\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
  "/sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n",
  "/proc/meminfo":
    "MemTotal:       131072000 kB\nMemFree:         1000000 kB\nMemAvailable:   65536000 kB\nSwapTotal:      32768000 kB\n" +
    "SwapFree:        8192000 kB\nAnonHugePages:         0 kB\nHugePages_Total:      16\nHugepagesize:       2048 kB\n",
  "/proc/pressure/cpu":
    "some avg10=0.41 avg60=0.22 avg300=0.10 total=7352\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
  "/proc/pressure/memory":
    "some avg10=2.41 avg60=0.22 avg300=0.10 total=52\nfull avg10=1.80 avg60=0.00 avg300=0.00 total=9\n",
  "/proc/pressure/io":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
};

/** The same machine, where the process may use the first thread of each core of the first socket. */
export const oneThreadOfEachCore: Recorded = { ...twoSocketXeon, "/proc/self/status": "Cpus_allowed_list:\t0-3\n" };

/** A pod under cgroup v2 with a limit of 1.5 CPUs on a node of eight, throttled a lot. */
export const throttledPod: Recorded = {
  "/proc/cpuinfo":
    "model name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: sse4_1 fma avx f16c avx2 sha_ni hypervisor\n",
  "/proc/self/status": "Cpus_allowed_list:\t0-7\n",
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo": v2Mount,
  "/sys/devices/system/cpu/online": "0-7\n",
  ...perCpu(8, "topology/thread_siblings_list", (cpu) => `${cpu}\n`),
  "/sys/devices/system/node/node0/cpulist": "0-7\n",
  "/sys/fs/cgroup/cpu.max": "150000 100000\n",
  "/sys/fs/cgroup/cpu.stat": "usage_usec 7731290\nnr_periods 401\nnr_throttled 120\nthrottled_usec 9501203\n",
  "/sys/fs/cgroup/memory.max": "2147483648\n",
  "/sys/fs/cgroup/memory.events": "low 0\nhigh 0\nmax 31\noom 1\noom_kill 1\n",
  "/proc/meminfo":
    "MemTotal:       32000000 kB\nMemAvailable:    2000000 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
  "/proc/pressure/cpu":
    "some avg10=52.10 avg60=32.20 avg300=10.00 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
  "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
};

/** A container under cgroup v1 whose pod, not itself, has the quota that throttles. */
export const throttledByPod: Recorded = {
  "/proc/self/cgroup": "2:cpu,cpuacct:/pod1/ctr1\n0::/\n",
  "/proc/self/mountinfo": "712 701 0:29 / /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n",
  "/sys/fs/cgroup/cpu/pod1/ctr1/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
  "/sys/fs/cgroup/cpu/pod1/cpu.stat": "nr_periods 812\nnr_throttled 3\nthrottled_time 81213301\n",
};

/** An ARM server: no model name, dot products, i8mm and SVE. */
export const graviton: Recorded = {
  "/proc/cpuinfo":
    "processor\t: 0\nBogoMIPS\t: 2100.00\nFeatures\t: fp asimd aes crc32 asimdhp asimddp sve i8mm bf16 rng\n" +
    "CPU implementer\t: 0x41\nCPU part\t: 0xd40\n",
  "/proc/self/status": "Cpus_allowed_list:\t0-3\n",
  "/sys/devices/system/cpu/online": "0-3\n",
  ...perCpu(4, "topology/thread_siblings_list", (cpu) => `${cpu}\n`),
  "/sys/devices/system/node/node0/cpulist": "0-3\n",
  ...perCpu(4, "cpufreq/scaling_governor", () => "powersave\n"),
  ...perCpu(4, "cpufreq/scaling_driver", () => "cppc_cpufreq\n"),
};

/** A node with an NVIDIA card, as its driver's files describe it, and an AMD one. */
export const gpuNode: Recorded = {
  "/proc/driver/nvidia/version":
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 12.2.0\n",
  "/proc/driver/nvidia/gpus/0000:00:1e.0/information":
    "Model: \t\t Tesla T4\nIRQ:   \t\t 10\nGPU UUID: \t GPU-ba0b81e0\nVideo BIOS: \t 90.04.96.00.a0\nBus Location: \t 0000:00:1e.0\n",
  "/sys/class/drm/card0/device/uevent": "DRIVER=amdgpu\n",
  "/sys/class/drm/renderD128/device/uevent": "DRIVER=amdgpu\nPCI_ID=1002:740F\n",
  "/sys/class/drm/renderD129/device/uevent": "DRIVER=nvidia\nPCI_ID=10DE:1EB8\n",
};
