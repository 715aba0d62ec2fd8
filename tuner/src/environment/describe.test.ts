import { Environment } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { describeEnvironment } from "./describe.ts";
import { recorded } from "./testing/recorded-machines.ts";

describe("the environment", () => {
  it("of this machine keeps the contract and names the engine that serves", async () => {
    const environment = await describeEnvironment({ python: null });
    expect(Environment.parse(environment)).toEqual(environment);
    expect(environment.versions["onnxruntime-node"]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(environment.usableCpus).toBeLessThanOrEqual(environment.hostCpus);
  });

  it("is read from the machine's files", async () => {
    const files: Record<string, string> = {
      "/proc/self/status": "Cpus_allowed_list:\t4-5\n",
      "/proc/cpuinfo": "model name\t: Test CPU\nflags\t: avx2 avx512_vnni\n",
      "/sys/devices/system/cpu/online": "0-7\n",
      "/sys/devices/system/cpu/cpu4/topology/thread_siblings_list": "4,12\n",
      "/sys/devices/system/cpu/cpu4/cpufreq/scaling_governor": "powersave\n",
    };
    const python = { executable: "python", versions: { python: "3.12.1", onnx: "1.23.2" } };
    expect(await describeEnvironment({ files: recorded(files), python })).toMatchObject({
      cpuModel: "Test CPU",
      instructionSets: ["avx2", "avx512_vnni"],
      usableCpus: 2,
      hostCpus: 8,
      threadsPerCore: 2,
      governor: "powersave",
      cpuQuota: null,
      cgroupVersion: 0,
      noise: null,
      noiseFactor: null,
      accelerators: [],
      versions: { node: process.versions.node, python: "3.12.1", "python-onnx": "1.23.2" },
    });
  });

  it("is described even where no file can be read", async () => {
    const environment = await describeEnvironment({ files: recorded({}), python: null });
    expect(Environment.safeParse(environment).error).toBeUndefined();
  });
});
