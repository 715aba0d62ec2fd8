import * as z from "zod";
import { Count, envelope, Instant } from "./common.ts";
import { Environment } from "./environment.ts";

const Sentence = z.string().min(1).max(1024);
const Share = z.number().min(0).max(1);

/** What `sweetspot doctor` looks at. docs/doctor.md holds a line about each. */
export const DoctorCheck = z.enum([
  "NodeVersion",
  "EngineVersion",
  "PythonTools",
  "Kernel",
  "InstructionSets",
  "Cores",
  "Numa",
  "Frequency",
  "CpuSet",
  "CpuQuota",
  "Throttling",
  "Memory",
  "HugePages",
  "MemoryBandwidth",
  "Accelerators",
  "StolenTime",
  "Pressure",
  "BusyNeighbours",
  "Noise",
  "Model",
]);
export type DoctorCheck = z.infer<typeof DoctorCheck>;

/**
 * `Good`: nothing to do. `Advice`: it works, and could be faster or steadier. `Problem`: figures from this machine
 * mislead, or something cannot work. `NotApplicable`: this machine or run has no such thing. `Unknown`: the system does
 * not tell.
 */
export const DoctorState = z.enum(["Good", "Advice", "Problem", "NotApplicable", "Unknown"]);
export type DoctorState = z.infer<typeof DoctorState>;

/** What one check found, in words. */
export const DoctorFinding = z.object({
  check: DoctorCheck,
  state: DoctorState,
  sentence: Sentence,
  /** What to do next; null where there is nothing to do. */
  next: Sentence.nullable(),
});
export type DoctorFinding = z.infer<typeof DoctorFinding>;

/** One logical CPU over a stretch of time. */
export const CoreActivity = z.object({
  cpu: Count,
  /** Share of the time in which it ran something, without stolen time. */
  busy: Share,
  /** Share of the time in which it wanted to run and the host ran another virtual machine. */
  stolen: Share,
});
export type CoreActivity = z.infer<typeof CoreActivity>;

/** One process over a stretch of time. */
export const ProcessActivity = z.object({
  pid: Count,
  name: z.string().max(64),
  /** CPUs' worth of time that it used: 1.5 is one and a half CPUs. */
  cpus: z.number().nonnegative(),
  threads: Count,
  residentBytes: Count,
  /** The CPU that its main thread last ran on. */
  lastCpu: Count,
});
export type ProcessActivity = z.infer<typeof ProcessActivity>;

/** An accelerator at one moment, as its driver's tool tells. */
export const AcceleratorActivity = z.object({
  name: z.string().max(128),
  /** Share of the time in which a kernel ran; null where the tool does not tell. */
  busy: Share.nullable(),
  memoryUsedBytes: Count.nullable(),
  memoryBytes: Count.nullable(),
});
export type AcceleratorActivity = z.infer<typeof AcceleratorActivity>;

/** What the machine did over a stretch of time. */
export const MachineActivity = z.object({
  seconds: z.number().nonnegative(),
  cores: z.array(CoreActivity).max(4096),
  /** Threads that ran or waited for a CPU at the end; null where the system does not tell. */
  runnable: Count.nullable(),
  /** Share of the last ten seconds in which some thread waited for a CPU; null without pressure stall information. */
  cpuPressure: Share.nullable(),
  /** Periods in which the cgroup's quota stopped this container; null without a quota. */
  throttledPeriods: Count.nullable(),
  /** The busiest, this program left out, most CPU first. */
  processes: z.array(ProcessActivity).max(64),
  accelerators: z.array(AcceleratorActivity).max(64),
});
export type MachineActivity = z.infer<typeof MachineActivity>;

/** What `sweetspot doctor` says of a machine. */
export const DoctorReport = z.object({
  ...envelope("DoctorReport"),
  at: Instant,
  environment: Environment,
  /** What else ran while the doctor looked and did nothing itself. */
  activity: MachineActivity,
  /** Read and write together, of one thread copying; null where it was not measured. */
  memoryBytesPerSecond: z.number().positive().nullable(),
  findings: z.array(DoctorFinding).max(64),
});
export type DoctorReport = z.infer<typeof DoctorReport>;
