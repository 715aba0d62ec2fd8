import { createRequire } from "node:module";
import * as os from "node:os";
import type { Environment } from "@sweetspot/crds";
import { cgroupLimits, parseCpuList, type ReadText, readText } from "@sweetspot/sidecar";
import { findPython, type PythonEnvironment } from "../variants/python-environment.ts";
import { parseCpuInfo } from "./cpu-info.ts";
import { usableCpus } from "./cpu-list.ts";

export interface DescribeOptions {
  readonly read?: ReadText;
  /** Looked for when absent; null says that there is none. */
  readonly python?: PythonEnvironment | null;
}

/** What this process runs on. `noise` is null: it takes a measurement, see `measureNoise`. Never throws. */
export async function describeEnvironment(options: DescribeOptions = {}): Promise<Environment> {
  const read = options.read ?? readText;
  const python = options.python === undefined ? await findPython() : options.python;
  const cpus = usableCpus(read);
  const info = parseCpuInfo(read("/proc/cpuinfo") ?? "");
  const limits = cgroupLimits(read);
  return {
    cpuModel: (info.model ?? os.cpus()[0]?.model ?? "unknown").slice(0, 256),
    architecture: process.arch,
    instructionSets: info.instructionSets,
    usableCpus: cpus.length,
    hostCpus: hostCpus(read),
    threadsPerCore: threadsPerCore(read, cpus[0] ?? 0),
    memoryBytes: Math.min(os.totalmem(), limits.memoryBytes ?? Number.POSITIVE_INFINITY),
    cpuQuota: limits.cpuQuota,
    cgroupVersion: limits.version,
    governor: governor(read, cpus[0] ?? 0),
    kernel: os.release().slice(0, 128),
    versions: { node: process.versions.node, ...engineVersions(), ...pythonVersions(python) },
    noise: null,
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

/** Null in most virtual machines, where the host keeps the frequency to itself. */
function governor(read: ReadText, cpu: number): string | null {
  return read(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`)?.trim().slice(0, 64) ?? null;
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
