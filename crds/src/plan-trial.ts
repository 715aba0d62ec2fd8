import * as z from "zod";
import { Count, Digest, envelope, Instant, Name } from "./common.ts";
import { ServingPlan } from "./serving-plan.ts";

const day = 86_400;

/**
 * A plan on trial beside the one that serves: a *switchback*, in which the server lets one of them serve at a time, in blocks of
 * time whose order follows from the seed. It travels beside the plan, in the annotation `sweetspot.dev/trial` of a pod or in a file.
 */
export const PlanTrial = z
  .object({
    ...envelope("PlanTrial"),
    /** Of this trial and no other. */
    id: Name,
    /** The candidate, whole. Its `modelName`, inputs and outputs must be those of the plan that serves. */
    plan: ServingPlan,
    /** Each pod has another, so that their coins are independent. */
    seed: z.int().min(0).max(4_294_967_295),
    /** How long one plan serves at a stretch, the wash-out included. */
    blockSeconds: z.number().min(0.1).max(3600),
    /** Requests that arrive so soon after the beginning of a block do not count. */
    washOutSeconds: z.number().min(0).max(3600),
    /** Then the server ends the trial by itself, whoever forgot it. */
    mostSeconds: z
      .number()
      .positive()
      .max(7 * day),
  })
  .refine(({ blockSeconds, washOutSeconds }) => washOutSeconds < blockSeconds, {
    path: ["washOutSeconds"],
    error: "expected less than blockSeconds",
  });
export type PlanTrial = z.infer<typeof PlanTrial>;

/** What the two blocks of a pair counted for; the order in which they came was the coin's. */
export const TrialPair = z.object({
  pair: Count,
  /**
   * Mean latency of the requests that arrived in the block after its wash-out, milliseconds. Each counts for at most four times
   * the target of the plan that serves; refused, expired and failed ones count for that much.
   */
  incumbent: z.number().nonnegative(),
  candidate: z.number().nonnegative(),
  incumbentRequests: Count,
  candidateRequests: Count,
});
export type TrialPair = z.infer<typeof TrialPair>;

/**
 * - `Loading`: the candidate is made ready beside the plan that serves.
 * - `Running`: they take turns.
 * - `Failed`: the candidate cannot be served, or failed while it was; the other one serves.
 * - `Done`: the time is over, or the candidate has become the plan.
 */
export const TrialState = z.enum(["Loading", "Running", "Failed", "Done"]);
export type TrialState = z.infer<typeof TrialState>;

/** What a server says of the trial that it was given. */
export const TrialReport = z.object({
  /** Null where the document could not be read so far. */
  id: Name.nullable(),
  state: TrialState,
  /** Why it failed or is over; null while it goes on. */
  message: z.string().max(1024).nullable(),
  /** `digestOf` the candidate as it was written; null where it could not be read. */
  candidateDigest: Digest.nullable(),
  /** When the first block began; null before. A server that was started again begins again with pair 0. */
  since: Instant.nullable(),
  /** Who serves now; null when the trial is not running. */
  arm: z.enum(["Incumbent", "Candidate"]).nullable(),
  /** The last ones, oldest first. A pair is told when it cannot change any more; one with an empty block is left out. */
  pairs: z.array(TrialPair).max(256),
});
export type TrialReport = z.infer<typeof TrialReport>;
