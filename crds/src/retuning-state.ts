import * as z from "zod";
import { Count, Instant, Name } from "./common.ts";
import { SizeSketch } from "./service-level-report.ts";

/** Why a target is missed, in the order in which causes are ruled out: the first that holds is the one to act on. */
export const Cause = z.enum([
  "BadRevision",
  "NodeClassChanged",
  "Infeasible",
  "NoisyNode",
  "CostDrift",
  "WorkloadDrift",
  "Processing",
  "Load",
  "Unexplained",
]);
export type Cause = z.infer<typeof Cause>;

/** What changes how a model is served. All else that is decided is only said. */
export const RetuningAction = z.enum(["RollBack", "Replan", "Benchmark"]);
export type RetuningAction = z.infer<typeof RetuningAction>;

const Ratio = z.number().positive();

/** What traffic looked like at some time: taken when a plan is promoted, and held against the present one. */
export const TrafficSnapshot = z.object({
  at: Instant,
  requestsPerSecond: z.number().nonnegative(),
  /** Observed over expected engine time, over all pods and by node; null without a cost table or with too little traffic. */
  costRatio: Ratio.nullable(),
  nodes: z.array(z.object({ name: z.string().min(1).max(253), costRatio: Ratio.nullable() })).max(1024),
  lengths: SizeSketch,
  rows: SizeSketch,
  /** Index of dispersion of the counts of 10 s: 1 for Poisson arrivals, more for bursts; null with too little traffic. */
  dispersion: z.number().nonnegative().nullable(),
  /** Mean times of an answered request, microseconds; null without one. */
  stages: z
    .object({ queue: z.number().nonnegative(), engine: z.number().nonnegative(), other: z.number().nonnegative() })
    .nullable(),
});
export type TrafficSnapshot = z.infer<typeof TrafficSnapshot>;

/** What the loop did, so that it can tell what it may still do. */
export const RetuningRecord = z.object({
  at: Instant,
  action: RetuningAction,
  cause: Cause,
  /** The metadata.generation that it was done for. */
  generation: Count,
  /** The plan that ran then. */
  revision: Name.nullable(),
});
export type RetuningRecord = z.infer<typeof RetuningRecord>;

/** All that the loop remembers of a target from one look to the next. Bounded: it lives in status. */
export const RetuningState = z.object({
  generation: Count,
  /** Of the last 24 hours, oldest first. */
  records: z.array(RetuningRecord).max(64),
  /** A cause that was seen, and since when it has been without a break; null when all is well. */
  pending: z.object({ cause: Cause, since: Instant }).nullable(),
  /** Actions in a row that did not help; doubles the cool-down each time. */
  failures: Count.max(16),
});
export type RetuningState = z.infer<typeof RetuningState>;
