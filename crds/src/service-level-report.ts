import * as z from "zod";
import { Count, envelope, Instant, Name, ServiceLevelTarget } from "./common.ts";

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

/** How CPU pinning turned out, read back from the engine processes. */
export const PinningState = z.enum(["Exclusive", "Pinned", "Shared", "Unavailable", "Off"]);
export type PinningState = z.infer<typeof PinningState>;

export const EngineStatus = z.object({
  instance: Count,
  state: z.enum(["Starting", "Ready", "Restarting", "Stopped"]),
  restarts: Count,
  /** CPUs that the process may use, as Linux lists them ("0-1"); null where unknown. */
  cpus: z.string().max(256).nullable(),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

/** What a server says of itself since it took its plan: `GET /v2/sweetspot/report` on the metrics port. */
export const ServiceLevelReport = z.object({
  ...envelope("ServiceLevelReport"),
  modelName: Name,
  /** The plan that really runs, which may lag behind the one that was asked for. */
  planRevision: Name,
  /** Why a newer plan was not taken; null when the last one was. */
  planError: z.string().max(1024).nullable(),
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
  pinning: PinningState,
  engines: z.array(EngineStatus).max(256),
});
export type ServiceLevelReport = z.infer<typeof ServiceLevelReport>;
