import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseNvidiaVersion, readAccelerators } from "./accelerators.ts";
import { readTopology, spareSiblings } from "./cpu-topology.ts";
import { readFrequency } from "./frequency.ts";
import { machineFiles } from "./machine-files.ts";
import { pageBytes, readMemory } from "./memory.ts";
import { measureMemoryBandwidth } from "./memory-bandwidth.ts";
import { askNvidiaSmi, parseSmi } from "./nvidia-smi.ts";
import { parsePressure, readPressure } from "./pressure.ts";
import * as machines from "./testing/recorded-machines.ts";
import { parseCpuStat, readThrottling } from "./throttling.ts";

const { recorded } = machines;
const firstCpus = (count: number) => Array.from({ length: count }, (_, cpu) => cpu);

describe("the topology", () => {
  it("finds the two threads of each core, and the memory nodes of two sockets", () => {
    const topology = readTopology(recorded(machines.twoSocketXeon), firstCpus(16));
    expect(topology.cores).toHaveLength(8);
    expect(topology.cores[0]).toEqual([0, 8]);
    expect(topology.numaNodes).toEqual([
      [0, 1, 2, 3, 8, 9, 10, 11],
      [4, 5, 6, 7, 12, 13, 14, 15],
    ]);
    expect(spareSiblings(topology, firstCpus(16))).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it("counts no sibling as spare that may not be used", () => {
    const topology = readTopology(recorded(machines.oneThreadOfEachCore), firstCpus(4));
    expect(spareSiblings(topology, firstCpus(4))).toEqual([]);
  });

  it("tells a virtual machine, and takes a CPU that says nothing for a core of its own", () => {
    expect(readTopology(recorded(machines.throttledPod), firstCpus(8))).toMatchObject({ virtual: true });
    expect(readTopology(recorded({}), [3, 4])).toEqual({ cores: [[3], [4]], numaNodes: [], virtual: false });
  });
});

describe("the clock", () => {
  it("is read in megahertz with governor and driver", () => {
    expect(readFrequency(recorded(machines.twoSocketXeon), 0)).toEqual({
      governor: "powersave",
      driver: "intel_pstate",
      currentMegahertz: 1200,
      maximumMegahertz: 3800,
    });
  });

  it("is unknown in a virtual machine", () => {
    const nothing = { governor: null, driver: null, currentMegahertz: null, maximumMegahertz: null };
    expect(readFrequency(recorded({}), 0)).toEqual(nothing);
  });
});

describe("throttling", () => {
  it("is read under cgroup v2 in microseconds", () => {
    expect(readThrottling(recorded(machines.throttledPod))).toEqual({
      periods: 401,
      throttledPeriods: 120,
      throttledSeconds: 9.501203,
    });
  });

  it("is read under cgroup v1 in nanoseconds, and found where the pod's quota and not the container's stops it", () => {
    const { throttledSeconds, ...counts } = readThrottling(recorded(machines.throttledByPod)) ?? expect.fail("nothing");
    expect(counts).toEqual({ periods: 812, throttledPeriods: 3 });
    expect(throttledSeconds).toBeCloseTo(0.0812, 4);
  });

  it("does not exist without a quota or without cgroups", () => {
    expect(readThrottling(recorded(machines.twoSocketXeon))).toBeNull();
    expect(readThrottling(recorded({}))).toBeNull();
    expect(parseCpuStat("usage_usec 12\n")).toBeNull();
  });
});

describe("pressure", () => {
  it("is read as shares of the last ten seconds", () => {
    const { cpu, memory } = readPressure(recorded(machines.twoSocketXeon));
    expect(cpu?.some).toBeCloseTo(0.0041, 6);
    expect([memory?.some, memory?.full]).toEqual([expect.closeTo(0.0241, 6), expect.closeTo(0.018, 6)]);
  });

  it("is unknown in a kernel without it, and never above the whole time", () => {
    expect(readPressure(recorded({}))).toEqual({ cpu: null, memory: null, io: null });
    expect(parsePressure("some avg10=100.31 avg60=1.00")).toEqual({ some: 1, full: 0 });
  });
});

describe("memory", () => {
  it("is read in bytes, with swap, huge pages, limit and kills", () => {
    const xeon = readMemory(recorded(machines.twoSocketXeon));
    expect(xeon).toMatchObject({ totalBytes: 131_072_000 * 1024, swapUsedBytes: 24_576_000 * 1024, killed: null });
    expect(xeon.hugePages).toEqual({ transparent: "never", transparentBytes: 0, reserved: 16 });
    expect(readMemory(recorded(machines.throttledPod))).toMatchObject({ limitBytes: 2 ** 31, killed: 1 });
  });

  it("is unknown without /proc", () => {
    expect(readMemory(recorded({}))).toMatchObject({ totalBytes: null, availableBytes: null, limitBytes: null });
  });

  it("has pages of the size that the kernel says, on ARM too", () => {
    expect(pageBytes(recorded({ "/proc/self/smaps": "7f-8f r--p\nKernelPageSize:       64 kB\n" }))).toBe(65_536);
    expect(pageBytes(recorded({}))).toBe(4096);
  });

  it("is timed by the best of several copies, counting what is read and what is written", () => {
    // Two readings of the clock for each copy: they take 4, 2, 4, 2, ... ms.
    let [reading, time] = [0, 0];
    const now = () => {
      if (reading % 2 === 1) time += reading % 4 === 1 ? 4 : 2;
      reading += 1;
      return time;
    };
    expect(measureMemoryBandwidth(now, 1_000_000)).toBeCloseTo(2_000_000 / 0.002);
  });
});

describe("accelerators", () => {
  it("are found by the files of the NVIDIA driver and by compute devices, each card once", () => {
    expect(readAccelerators(recorded(machines.gpuNode))).toEqual([
      { name: "Tesla T4", driver: "nvidia 535.104.05" },
      { name: "AMD GPU", driver: "amdgpu" },
    ]);
    expect(
      parseNvidiaVersion("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build"),
    ).toBe("550.54.15");
  });

  it("are none where there are none", () => {
    expect(readAccelerators(recorded(machines.graviton))).toEqual([]);
  });

  it("tell their load through nvidia-smi, as far as the card knows it", () => {
    expect(parseSmi("NVIDIA H100 80GB HBM3, 87, 4310, 81559\nNVIDIA A2, [N/A], 12, [N/A]\n")).toEqual([
      { name: "NVIDIA H100 80GB HBM3", busy: 0.87, memoryUsedBytes: 4310 * 2 ** 20, memoryBytes: 81_559 * 2 ** 20 },
      { name: "NVIDIA A2", busy: null, memoryUsedBytes: 12 * 2 ** 20, memoryBytes: null },
    ]);
  });

  it("have a tool that may be missing, or fail and say why", async () => {
    expect(await askNvidiaSmi("/nowhere/nvidia-smi")).toEqual({ state: "Missing" });
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-smi-"));
    try {
      const tool = join(folder, "nvidia-smi");
      await writeFile(tool, "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n", {
        mode: 0o755,
      });
      expect(await askNvidiaSmi(tool)).toEqual({
        state: "Failed",
        message: "Failed to initialize NVML: Driver/library version mismatch",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe.runIf(process.platform === "linux")("the files of this machine", () => {
  it("tell its memory, and which folders are there", () => {
    const { totalBytes, availableBytes } = readMemory(machineFiles);
    expect(totalBytes).toBeGreaterThan(availableBytes as number);
    expect(machineFiles.list("/proc")).toContain(String(process.pid));
    expect(machineFiles.list("/nowhere")).toEqual([]);
  });
});
