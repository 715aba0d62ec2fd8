import { createRequire } from "node:module";
import * as os from "node:os";
import type { Environment } from "@sweetspot/crds";
import { cgroupLimits, cpuIdentityIn, parseCpuList, type ReadText } from "@sweetspot/sidecar";
import { findPython, type PythonEnvironment } from "../variants/python-environment.ts";
import { readAccelerators } from "./accelerators.ts";
import { parseCpuInfo } from "./cpu-info.ts";
import { usableCpus } from "./cpu-list.ts";
import { readFrequency } from "./frequency.ts";
import { type MachineFiles, machineFiles } from "./machine-files.ts";

export interface DescribeOptions {
  readonly files?: MachineFiles;
  /** Looked for when absent; null says that there is none. */
  readonly python?: PythonEnvironment | null;
}

const mostAccelerators = 64;

/** What this process runs on. The noise is null: it takes a measurement, see `noiseOf`. Never throws. */
export async function describeEnvironment(options: DescribeOptions = {}): Promise<Environment> {
  const files = options.files ?? machineFiles;
  const { read } = files;
  const python = options.python === undefined ? await findPython() : options.python;
  const cpus = usableCpus(read);
  const cpuInfo = read("/proc/cpuinfo") ?? "";
  const info = parseCpuInfo(cpuInfo);
  const cpu = cpuIdentityIn(cpuInfo);
  const limits = cgroupLimits(read);
  return {
    cpuModel: cpu.model,
    architecture: cpu.architecture,
    instructionSets: info.instructionSets,
    usableCpus: cpus.length,
    hostCpus: hostCpus(read),
    threadsPerCore: threadsPerCore(read, cpus[0] ?? 0),
    memoryBytes: Math.min(os.totalmem(), limits.memoryBytes ?? Number.POSITIVE_INFINITY),
    cpuQuota: limits.cpuQuota,
    cgroupVersion: limits.version,
    governor: readFrequency(files, cpus[0] ?? 0).governor,
    kernel: os.release().slice(0, 128),
    versions: { node: process.versions.node, ...engineVersions(), ...pythonVersions(python) },
    noise: null,
    noiseFactor: null,
    accelerators: readAccelerators(files)
      .map(({ name }) => name)
      .slice(0, mostAccelerators),
  };
}

function hostCpus(read: ReadText): number {
  const online = read("/sys/devices/system/cpu/online");
  return online === null ? Math.max(1, os.cpus().length) : parseCpuList(online).length;
}

function threadsPerCore(read: ReadText, cpu: number): number {
  const siblings = read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
  return siblings === null ? 1 : Math.max(1, parseCpuList(siblings).length);
}

/** The engine belongs to the sidecar, so it is looked up from there: that is the one that serves. */
function engineVersions(): Record<string, string> {
  try {
    const fromSidecar = createRequire(import.meta.resolve("@sweetspot/sidecar"));
    const { version } = fromSidecar("onnxruntime-node/package.json") as { version: string };
    return { "onnxruntime-node": version };
  } catch {
    return {};
  }
}

function pythonVersions(python: PythonEnvironment | null): Record<string, string> {
  if (python === null) return {};
  return Object.fromEntries(
    Object.entries(python.versions).map(([name, version]) => [name === "python" ? name : `python-${name}`, version]),
  );
}
