import * as z from "zod";
import { Count, envelope, ServiceLevelTarget } from "./common.ts";
import { LatencySummary, RequestCounts } from "./service-level-report.ts";

/** One stretch of constant offered rate. Latency counts from the intended start of a request (no coordinated omission). */
export const LoadStage = z.object({
  offeredRequestsPerSecond: z.number().positive(),
  seconds: z.number().positive(),
  counts: RequestCounts,
  latencyMilliseconds: LatencySummary,
  /** Requests answered within the target, per second of the stage. */
  goodRequestsPerSecond: z.number().nonnegative(),
  /** Answers, good or late, per second from the stage's start to its last answer. */
  answeredRequestsPerSecond: z.number().nonnegative(),
  /**
   * Requests under way on average: their times from the intended start to the outcome, added up over the length of the stage, which
   * is rate x mean latency (Little, A Proof for the Queuing Formula L = lambda W, 1961). Absent in reports of generators that do not tell.
   */
  concurrency: z.number().nonnegative().optional(),
  /** 99th percentile of how late the generator itself sent; a large one voids the stage. */
  sendDelayMilliseconds: z.number().nonnegative(),
});
export type LoadStage = z.infer<typeof LoadStage>;

/** The answer of one run of the load generator. */
export const LoadReport = z.object({
  ...envelope("LoadReport"),
  target: ServiceLevelTarget,
  arrivals: z.enum(["Poisson", "ClosedLoop"]),
  stages: z.array(LoadStage).max(1024),
  /** CPU seconds that the generator used: on a small machine they are taken from the server. */
  generatorCpuSeconds: z.number().nonnegative(),
  requestsInMix: Count,
});
export type LoadReport = z.infer<typeof LoadReport>;
