import { ServiceLevelTarget } from "@sweetspot/crds";
import * as z from "zod";

/** More arrivals than this in one stage would be a slip of the pen, and a gigabyte of memory. */
const maximumArrivals = 10_000_000;

/** Poisson arrivals of constant mean rate. */
export const OpenStage = z
  .object({ requestsPerSecond: z.number().positive().max(200_000), seconds: z.number().positive().max(86_400) })
  .refine((stage) => stage.requestsPerSecond * stage.seconds <= maximumArrivals, {
    message: `a stage holds at most ${maximumArrivals} requests`,
  });
export type OpenStage = z.infer<typeof OpenStage>;

/** So many clients, each of which sends its next request when the last one was answered: for saturation. */
export const ClosedStage = z.object({
  connections: z.int().min(1).max(4096),
  seconds: z.number().positive().max(86_400),
});
export type ClosedStage = z.infer<typeof ClosedStage>;

/**
 * Ends an open stage before its time once it cannot be saved: more than `factor` times the misses that the target
 * allows in the *whole* stage have happened, among at least `minimumRequests` that are decided. With factor 1 the
 * stage would miss the target even if every request to come were in time.
 */
export const EarlyStop = z.object({
  minimumRequests: z.int().min(1),
  factor: z.number().min(1),
});
export type EarlyStop = z.infer<typeof EarlyStop>;

/** One run of the load generator: stages one after the other, each drained before the next begins. */
export const LoadJob = z.object({
  /** Where each request is posted to. Redirects are not followed and no proxy is used. */
  url: z.url({ protocol: /^https?$/ }),
  target: ServiceLevelTarget,
  seed: z.int().min(0),
  stages: z
    .array(z.union([OpenStage, ClosedStage]))
    .min(1)
    .max(1024),
  /** A request is given up, and counted as late, when it has had no answer for so long. Default: see `timeoutOf`. */
  timeoutMilliseconds: z.number().positive().max(600_000).optional(),
  /** Connections at most; what finds none free waits, and its latency counts. Default: see `connectionsOf`. */
  maximumConnections: z.int().min(1).max(4096).optional(),
  earlyStop: EarlyStop.optional(),
});
export type LoadJob = z.infer<typeof LoadJob>;

/** Long enough to tell slow from dead: five times the target, and a second at least. */
export const timeoutOf = (job: LoadJob): number =>
  job.timeoutMilliseconds ?? Math.max(1000, 5 * job.target.latencyMilliseconds);

/**
 * Twice as many as are under way when each request takes the target, between 32 and 256: enough for any server that
 * keeps the target, and no storm of new connections at the start.
 */
export function connectionsOf(job: LoadJob): number {
  const wanted = job.stages.map((stage) =>
    "connections" in stage ? stage.connections : openConnections(stage.requestsPerSecond, job),
  );
  return Math.max(...wanted);
}

function openConnections(requestsPerSecond: number, job: LoadJob): number {
  const underWay = (requestsPerSecond * job.target.latencyMilliseconds) / 1000;
  return job.maximumConnections ?? Math.min(256, Math.max(32, Math.ceil(2 * underWay)));
}
