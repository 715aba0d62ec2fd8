import * as z from "zod";
import { Count, envelope, Instant, Name } from "./common.ts";
import { Cause, RetuningState, TrafficSnapshot } from "./retuning-state.ts";
import { TrafficRecord } from "./traffic-record.ts";

/** Where a plan came from: a measurement, or the search of an earlier measurement's table for other traffic. */
export const PlanOrigin = z.enum(["Tuning", "Replan"]);
export type PlanOrigin = z.infer<typeof PlanOrigin>;

/**
 * What became of a plan: `Serving` (it is what the pods should run), `Superseded` (a newer one took its
 * place), `Trying` (it is tried beside the plan that serves), `RolledBack`
 * (it was taken back), `Refused` (it was tried beside the plan that serves, and was not better).
 */
export const PlanOutcome = z.enum(["Serving", "Trying", "Superseded", "RolledBack", "Refused"]);
export type PlanOutcome = z.infer<typeof PlanOutcome>;

/** One plan of a target, with why it was taken and what became of it. */
export const PlanRevision = z.object({
  name: Name,
  origin: PlanOrigin,
  /** TuningRun that measured its tables, and has the recipe of its variant. */
  run: Name,
  outcome: PlanOutcome,
  /** When it took that outcome. */
  since: Instant,
  /** Why, in a sentence. */
  message: z.string().min(1).max(512),
  /** What it is, in words. */
  summary: z.string().min(1).max(256),
  /** Requests per second that one replica carries within the target, as measured or, of a replan, as predicted. */
  capacityRequestsPerSecond: z.number().nonnegative(),
  /** The plan that served before it; null for the first. */
  previous: Name.nullable(),
  /** Share of bad requests in the minutes before it; null without traffic. */
  shareBefore: z.number().min(0).max(1).nullable(),
});
export type PlanRevision = z.infer<typeof PlanRevision>;

/** What was decided and is not done yet. */
export const RetuningWork = z.object({
  kind: z.enum(["Replan", "Benchmark"]),
  /** Null when a person asked for it. */
  cause: Cause.nullable(),
  at: Instant,
  /** The traffic to plan for. */
  traffic: TrafficSnapshot,
  /** How many times as long as measured engines take by now. */
  slowdown: z.number().positive(),
  /** Of a benchmark: the attempt at the target's question that answers it. */
  attempt: Count.nullable(),
});
export type RetuningWork = z.infer<typeof RetuningWork>;

/**
 * The plans of one target and what the control loop has to remember of them over a restart. It stands in a ConfigMap of the
 * target, with the plans beside it that no TuningRun holds.
 */
export const PlanHistory = z.object({
  ...envelope("PlanHistory"),
  /** TuningRun whose answer was taken up last. */
  answer: Name,
  /** Revision that the pods should run. */
  serving: Name,
  /** Oldest first. */
  revisions: z.array(PlanRevision).min(1).max(8),
  /**
   * What later traffic is held against. Until the plan has served for some minutes it is the traffic before it, without costs;
   * then `complete`.
   */
  baseline: z.object({ complete: z.boolean(), traffic: TrafficSnapshot }),
  /**
   * Traffic to hold other plans against: of the last breach, and of when the plan had become usual. Each is absent before the
   * first, and in histories from before traffic was recorded: a default would have all of them written anew by an upgrade.
   */
  recorded: z.object({ breach: TrafficRecord.optional(), usual: TrafficRecord.optional() }).optional(),
  retuning: RetuningState,
  /** The revision that is tried beside the one that serves; null while none is. */
  trial: z.object({ id: Name, revision: Name, since: Instant }).nullable().default(null),
  work: RetuningWork.nullable(),
  /** What came of the last work, in a sentence. */
  lastResult: z.string().max(512),
  /** Values of the annotations by which a person asked for something, as they were last obeyed. */
  obeyed: z.object({
    retune: z.string().max(128),
    rollback: z.string().max(128),
    promote: z.string().max(128).default(""),
  }),
});
export type PlanHistory = z.infer<typeof PlanHistory>;
