import * as z from "zod";
import { envelope, Instant, Name, Positive, ServiceLevelTarget } from "./common.ts";
import { Interval } from "./tuning-report.ts";

/** What one plan would have done with recorded traffic, by the simulator. */
export const ReplayedPlan = z.object({
  /** A revision of the target's history, or a candidate of the tuning. */
  name: Name,
  origin: z.enum(["Revision", "Candidate"]),
  /** In words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8 and 15 ms". */
  summary: z.string().min(1).max(1024),
  /** The plan that served when the traffic was recorded. */
  served: z.boolean(),
  /** At the target's percentile, with the ends of a 95 % interval; null where there is a `problem`. */
  latencyMilliseconds: Interval.nullable(),
  /** Share of the requests that it would have answered within the target, with the ends of a 95 % interval; null as above. */
  shareWithin: Interval.nullable(),
  /** Why nothing can be said of it; null where something can. */
  problem: z.string().min(1).max(512).nullable(),
});
export type ReplayedPlan = z.infer<typeof ReplayedPlan>;

/** One record and what each plan would have done with it. */
export const ReplayedRecord = z.object({
  /** `Breach`: while the target was missed. `Usual`: when the plan had served for some minutes and kept it. */
  kind: z.enum(["Breach", "Usual"]),
  at: Instant,
  /** How much of the record was replayed: its last seconds. */
  seconds: Positive,
  /** Of one pod, on average over these seconds. */
  requestsPerSecond: z.number().nonnegative(),
  /** Share of the record's requests that really were late, refused, expired or failed; null where that is not known. */
  badShare: z.number().min(0).max(1).nullable(),
  /** How many times as long as measured engines took then. */
  slowdown: z.number().positive(),
  plans: z.array(ReplayedPlan).max(64),
});
export type ReplayedRecord = z.infer<typeof ReplayedRecord>;

/** The answer to `kubectl sweetspot replay`: recorded traffic under each known plan of a target. */
export const TrafficReplay = z.object({
  ...envelope("TrafficReplay"),
  /** The target that requests are held against: that of the spec now. */
  serviceLevel: ServiceLevelTarget,
  records: z.array(ReplayedRecord).max(2),
});
export type TrafficReplay = z.infer<typeof TrafficReplay>;
