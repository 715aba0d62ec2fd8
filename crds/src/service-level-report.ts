import * as z from "zod";
import { Count, Digest, envelope, Instant, Microseconds, Name, Positive, ServiceLevelTarget } from "./common.ts";
import { TrialReport } from "./plan-trial.ts";

/** Latency percentiles in milliseconds; null before the first request. */
export const LatencySummary = z.object({
  p50: z.number().nonnegative().nullable(),
  p90: z.number().nonnegative().nullable(),
  p95: z.number().nonnegative().nullable(),
  p99: z.number().nonnegative().nullable(),
  p999: z.number().nonnegative().nullable(),
  maximum: z.number().nonnegative().nullable(),
});
export type LatencySummary = z.infer<typeof LatencySummary>;

/**
 * The one way in which requests are counted: `bad = late + refused + expired + failed`, out of `total`.
 * Invalid requests and clients that left are excluded, so refusals can never improve the figure.
 */
export const RequestCounts = z.object({
  /** Denominator: all requests but the excluded ones. */
  total: Count,
  /** Answered correctly, but after the target. */
  late: Count,
  /** Turned away by admission. */
  refused: Count,
  /** Accepted, then dropped because the deadline passed in the queue. */
  expired: Count,
  /** Answered with a server error. */
  failed: Count,
  /** Client errors and clients that left; not in `total`. */
  excluded: Count,
});
export type RequestCounts = z.infer<typeof RequestCounts>;

/** `bad` of the definition above. */
export const badRequests = (counts: RequestCounts): number =>
  counts.late + counts.refused + counts.expired + counts.failed;

/**
 * How CPU pinning turned out. In a pod, which knows what it asked for:
 * - `Exclusive`: its CPU set is what it asked for and smaller than the node, so nobody else runs there.
 * - `Shared`: it has a claim to CPUs of its own and did not get them.
 * - `Throttled`: it asks for whole CPUs, and its quota stopped it since the last look.
 * - `NotGuaranteed`, `FractionalCpus`: what it asks for gives no claim.
 * - `Unavailable`: the system does not tell.
 *
 * Elsewhere, read back from the engine processes: `Pinned` (each has its own CPUs), `Exclusive` (and the CPU set is smaller
 * than the machine), `Shared`, `Unavailable` (they cannot be bound), `Off` (the plan does not pin).
 */
export const PinningState = z.enum([
  "Exclusive",
  "Pinned",
  "Shared",
  "Throttled",
  "NotGuaranteed",
  "FractionalCpus",
  "Unavailable",
  "Off",
]);
export type PinningState = z.infer<typeof PinningState>;

/** Why pinning is as it is, from a look that is repeated every 10 s. */
export const CpuPlacement = z.object({
  /** What was found and, where something is missing, what to do. */
  message: z.string().min(1).max(1024),
  /** CPUs that the server may run on, as Linux lists them ("2-3"); null where unknown. */
  cpuset: z.string().max(4096).nullable(),
  /** CPUs that the node has online; null where unknown. */
  nodeCpus: Positive.nullable(),
  /** What the container asks for, in thousandths of a CPU; null outside of a pod. */
  requestMillicores: Count.nullable(),
  limitMillicores: Count.nullable(),
  /** Periods of the CPU quota in which the container stood still, since the look before; null without a quota. */
  throttledPeriods: Count.nullable(),
  at: Instant,
});
export type CpuPlacement = z.infer<typeof CpuPlacement>;

/** What a server or a tuner finds its machine's CPU to be. Where two differ, what was measured on one says little of the other. */
export const CpuIdentity = z.object({
  /** In the words of the kernel: "AMD EPYC 7763 64-Core Processor". */
  model: z.string().min(1).max(256),
  /** As Node names it: `x64`, `arm64`. */
  architecture: z.string().min(1).max(32),
});
export type CpuIdentity = z.infer<typeof CpuIdentity>;

/**
 * Where the running plan came from: `Given` on the command line as a plan or a model, or found in the plan directory as
 * `Selected` (for this pod) or `Active` (for new pods).
 */
export const PlanSource = z.enum(["Given", "Selected", "Active"]);
export type PlanSource = z.infer<typeof PlanSource>;

export const EngineStatus = z.object({
  instance: Count,
  state: z.enum(["Starting", "Ready", "Restarting", "Stopped"]),
  restarts: Count,
  /** CPUs that the process may use, as Linux lists them ("0-1"); null where unknown. */
  cpus: z.string().max(256).nullable(),
  /** Name and version of what runs the model ("ONNX Runtime 1.30.0"); null before it said so. */
  version: z.string().max(128).nullable().optional(),
  /** Memory that the process holds; null where unknown. */
  residentBytes: Count.nullable().optional(),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

/** Seconds since the epoch. */
const EpochSecond = z.int().min(0).max(1e11);

/** Requests by the time at which they ended, in blocks of equal length, oldest first. Only whole blocks are told. */
const requestBlocks = (most: number) =>
  z
    .object({
      /** End of the last block, a multiple of the block's length. */
      end: EpochSecond,
      /** As in `RequestCounts`: all that count, and the bad ones among them. */
      total: z.array(Count).max(most),
      bad: z.array(Count).max(most),
    })
    .refine(({ total, bad }) => total.length === bad.length && bad.every((count, i) => count <= (total[i] as number)), {
      error: "expected as many blocks of bad requests as of all, and no more bad ones than there are",
    });

const Sum = z.number().nonnegative();
const longestStages = 30;

/** Sums over blocks of 10 s, oldest first; all lists have the same length and end together. */
const StageBlocks = z
  .object({
    /** End of the last block, a multiple of 10. */
    end: EpochSecond,
    /** Times of answered requests, microseconds. What is neither queue nor engine is `other`: reading, writing, waiting for CPU. */
    answered: z.array(Count).max(longestStages),
    queue: z.array(Sum).max(longestStages),
    engine: z.array(Sum).max(longestStages),
    other: z.array(Sum).max(longestStages),
    /** Time of batches in engines and by the cost table, microseconds; only of batches for which there is a table. */
    observed: z.array(Sum).max(longestStages),
    expected: z.array(Sum).max(longestStages),
  })
  .refine(({ end: _, answered, ...sums }) => Object.values(sums).every(({ length }) => length === answered.length), {
    error: "expected lists of equal length",
  });
export type StageBlocks = z.infer<typeof StageBlocks>;

/** Requests by size: index i counts sizes around 2^(i/2). Trailing zeros are left out. */
export const SizeSketch = z.array(Count).max(32);
export type SizeSketch = z.infer<typeof SizeSketch>;

/** Where a size belongs in a `SizeSketch`. */
export const sizeIndex = (size: number): number => Math.min(31, Math.round(2 * Math.log2(Math.max(1, size))));

/**
 * The recent traffic in blocks of time, on whole multiples of the block's length since the epoch, so that the blocks of several
 * pods can be added. It goes on when the plan changes; a request is judged by the target of the plan that took it.
 */
export const RecentTraffic = z.object({
  /** The last hour in blocks of 10 s. */
  tenSeconds: requestBlocks(360),
  /** The last two minutes in blocks of 1 s. */
  seconds: requestBlocks(120),
  /** The last five minutes in blocks of 10 s. */
  stages: StageBlocks,
  /** Of the last half minute's requests: their length on the variable axis, and their rows. */
  lengths: SizeSketch,
  rows: SizeSketch,
});
export type RecentTraffic = z.infer<typeof RecentTraffic>;

/**
 * What a server timed before it became ready: a few shapes of the plan's cost table, on made-up rows, with all engines
 * running at once as the table was measured. A ratio far from 1 says that this is not the machine that the table is of, or
 * that something holds it back.
 */
export const Commissioning = z.object({
  /** Observed over expected time, geometric mean over the shapes. */
  ratio: z.number().positive(),
  shapes: z
    .array(
      z.object({
        rows: Positive,
        length: Positive,
        expectedMicroseconds: Microseconds.positive(),
        /** Median over `runs`. */
        observedMicroseconds: Microseconds.positive(),
        runs: Positive,
      }),
    )
    .min(1)
    .max(16),
});
export type Commissioning = z.infer<typeof Commissioning>;

/**
 * How the running plan's cost table fits what is observed. The table as it is fitted now is at `GET /v2/sweetspot/cost-table` on
 * the metrics port.
 */
export const CostDrift = z.object({
  /**
   * - `Settling`: too little was seen yet to know what is usual for this plan on this machine.
   * - `Steady`: the ratio is what it was at first, within 15 %.
   * - `Drifted`: it is not, or it is 1.5 times what commissioning found, so that it was not usual at first either. More load
   *   moves it too, because engines that run at once slow each other down.
   */
  state: z.enum(["Settling", "Steady", "Drifted"]),
  /** Observed over expected engine time of late, over all shapes; 1 before the first batch. */
  ratio: z.number().positive(),
  /** What it was when it had settled; null before. */
  baseline: z.number().positive().nullable(),
  /** Since when it has been `Drifted`; null when it is not. */
  since: Instant.nullable(),
  /** Batches that were compared in all. */
  batches: Count,
  /** What was found before traffic came; null where that was not looked for, absent in reports of servers that do not tell. */
  commissioning: Commissioning.nullable().optional(),
});
export type CostDrift = z.infer<typeof CostDrift>;

/** What a server says of itself since it took its plan: `GET /v2/sweetspot/report` on the metrics port. */
export const ServiceLevelReport = z.object({
  ...envelope("ServiceLevelReport"),
  modelName: Name,
  /** The plan that really runs, which may lag behind the one that was asked for. */
  planRevision: Name,
  /** `digestOf` that plan with the absolute path of its model file. Absent in reports of servers that do not tell. */
  planDigest: Digest.optional(),
  planSource: PlanSource.optional(),
  /** Why a newer plan was not taken; null when the last one was. */
  planError: z.string().max(1024).nullable(),
  /** Revision of the plan that was not taken; null when there is none, or it could not be read. */
  refusedRevision: Name.nullable().optional(),
  since: Instant,
  at: Instant,
  target: ServiceLevelTarget,
  counts: RequestCounts,
  latencyMilliseconds: LatencySummary,
  batches: Count,
  rows: Count,
  /** Tokens (elements of the variable axis) that requests brought, and that engines computed. */
  usefulLength: Count,
  paddedLength: Count,
  /** Median over recent batches of observed/expected engine time; null without a cost table or traffic. */
  costRatio: z.number().positive().nullable(),
  /** Null without a cost table; absent in reports of servers that do not tell. */
  drift: CostDrift.nullable().optional(),
  pinning: PinningState,
  cpuPlacement: CpuPlacement.optional(),
  /** Absent in reports of servers that do not tell. */
  cpu: CpuIdentity.optional(),
  /** Absent in reports of servers that do not tell. */
  traffic: RecentTraffic.optional(),
  /** Null where no plan is on trial; absent in reports of servers that do not tell. */
  trial: TrialReport.nullable().optional(),
  engines: z.array(EngineStatus).max(256),
});
export type ServiceLevelReport = z.infer<typeof ServiceLevelReport>;
