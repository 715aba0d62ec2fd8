import * as z from "zod";
import { envelope, Microseconds, Positive } from "./common.ts";

/** One measured shape: a batch of `rows` rows, each padded to `length`. */
export const CostCell = z.object({
  rows: Positive,
  /** Size of the variable axis, or the product of the variable axes; 1 for a model of fixed shape. */
  length: Positive,
  /** Median time of one batch inside the engine process. */
  microseconds: Microseconds.positive(),
  /** Timed runs behind the median. */
  samples: Positive,
});
export type CostCell = z.infer<typeof CostCell>;

/** CPU time that goes beside the engines' own, on the CPUs that they run on. */
export const SharedCpu = z.object({
  /** Those CPUs. */
  cpus: Positive,
  /** Per request: the front's parsing, validation and reply, and the client's share where it sits on the same CPUs. */
  microsecondsPerRequest: Microseconds,
});
export type SharedCpu = z.infer<typeof SharedCpu>;

/** What the server itself adds to the engine's time, calibrated on the real front. */
export const ServingOverhead = z.object({
  /** Per batch: framing, padding, the hand-over to the engine process and back. An engine idles meanwhile. */
  perBatchMicroseconds: Microseconds,
  /** Per request: what grows with the rows of a batch, such as moving large answers. An engine idles meanwhile. */
  perRequestMicroseconds: Microseconds,
  /**
   * Per answer: what a request that is alone waits beyond its engine and the hand-over, for sockets, parsing and waking up. No engine
   * idles meanwhile. Absent where it was not measured; then what the front computes is all that is known.
   */
  waitMicroseconds: Microseconds.optional(),
  /** Slows the engines down without idling them; absent where it is not known. */
  shared: SharedCpu.optional(),
});
export type ServingOverhead = z.infer<typeof ServingOverhead>;

/**
 * Interruptions that last a time of their own, whatever they hit: a neighbour that takes the CPU away, say. Factors cannot
 * tell of them, because the same 20 ms are ten times a batch of 2 ms and half of one of 40 ms.
 */
export const Stalls = z.object({
  /** How often, per second of one engine's time. */
  perSecond: z.number().nonnegative(),
  /** Equally likely lengths. */
  microseconds: z.array(Microseconds.positive()).min(1).max(64),
});
export type Stalls = z.infer<typeof Stalls>;

/** The speed of a shared machine wanders from second to second, and all its engines with it. */
export const Drift = z.object({
  /** How long a speed lasts. */
  seconds: z.number().positive(),
  /** Equally likely factors on the time of everything, 1 on average. */
  factors: z.array(z.number().positive()).min(2).max(64),
});
export type Drift = z.infer<typeof Drift>;

/**
 * The measured cost table `s(b, L)` of one variant in one layout, with all instances running at once.
 * Scheduler, simulator, admission and drift detector read the same table.
 */
export const CostTable = z.object({
  ...envelope("CostTable"),
  cells: z.array(CostCell).min(1).max(128),
  /**
   * Equally likely factors of observed/expected time over all cells: the noise of this machine, from which the
   * simulator draws.
   */
  noiseFactors: z.array(z.number().positive()).min(1).max(64),
  /** Absent where none was seen. */
  stalls: Stalls.optional(),
  /** Absent where it was not observed. */
  drift: Drift.optional(),
  overhead: ServingOverhead,
});
export type CostTable = z.infer<typeof CostTable>;
