import * as z from "zod";
import { Count, Positive } from "./common.ts";

/** What the tuner ran on. Two reports are comparable only where these agree. */
export const Environment = z.object({
  cpuModel: z.string().max(256),
  architecture: z.string().max(32),
  /** Instruction sets that decide which kernels an engine takes: avx2, avx512f, avx512_vnni, amx_int8, ... */
  instructionSets: z.array(z.string().max(32)).max(64),
  /** CPUs that this process may use, and all of the host's. */
  usableCpus: Positive,
  hostCpus: Positive,
  threadsPerCore: Positive,
  memoryBytes: Count,
  /** CPU seconds per second granted by the cgroup; null when unlimited. */
  cpuQuota: z.number().positive().nullable(),
  cgroupVersion: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  governor: z.string().max(64).nullable(),
  kernel: z.string().max(128),
  versions: z.record(z.string().max(64), z.string().max(64)),
  /** A/A test: relative spread (p90/p10 - 1) of the same work repeated; what differs by less is noise. */
  noise: z.number().nonnegative().nullable(),
  /**
   * The same test as two interleaved series: equal work timed side by side differs by less than this factor 95 % of the
   * time. A verdict on a single pair of timings uses it as its interval.
   */
  noiseFactor: z.number().min(1).nullable().default(null),
  /** Names of accelerators whose driver is loaded; null where nobody looked. */
  accelerators: z.array(z.string().max(128)).max(64).nullable().default(null),
});
export type Environment = z.infer<typeof Environment>;
