import * as z from "zod";
import { Count, Instant, Name, Positive } from "./common.ts";
import { SizeSketch } from "./service-level-report.ts";

/**
 * The traffic of two minutes, as the pods of a target told of it, so that other plans can be held against the same requests
 * later. It has no payloads. It does not know which length came with how many rows, nor in which order, nor when within a second.
 */
export const TrafficRecord = z.object({
  /** When it was taken: the end of the last second, or a little later. */
  at: Instant,
  /** The plan that served. */
  revision: Name,
  /** Pods that told of it. Who got which request is not known. */
  pods: Positive,
  /** Requests of all pods by the second in which they ended, oldest first. */
  requests: z.array(Count).min(1).max(120),
  /** Of the last minute's requests. */
  lengths: SizeSketch,
  rows: SizeSketch,
  /** Share of bad requests; null where a second plan was on trial, because it cannot be told apart. */
  badShare: z.number().min(0).max(1).nullable(),
  /** How many times as long engines took as when the plan was new; 1 where that is not known. */
  slowdown: z.number().positive(),
});
export type TrafficRecord = z.infer<typeof TrafficRecord>;
