import * as z from "zod";
import { PlanOrigin, PlanOutcome } from "../plan-history.ts";
import { Cause } from "../retuning-state.ts";

const Time = z.iso.datetime().max(64);

const Evidence = z.object({
  name: z.string().min(1).max(64).describe("What was looked at; units are in the name."),
  value: z.number().describe("The figure, when this was written."),
});

/** What keeps a target from its promise, as status says it. */
export const TargetDiagnosis = z
  .object({
    cause: Cause.describe(
      "`BadRevision`: misses began with a plan. `NodeClassChanged`: no pod runs on the kind of node that was measured. `Infeasible`: requests take too long even alone. `NoisyNode`: some nodes became slower. `CostDrift`: engines became slower. `WorkloadDrift`: lengths, rows or bursts are others. `Processing`: the time outside of the engines grew. `Load`: more requests than the replicas carry. `Unexplained`: none of these.",
    ),
    since: Time.describe("When it was found first."),
    message: z.string().max(1024).describe("What was found, and what is done about it."),
    evidence: Evidence.array().max(16).meta({ listType: "atomic" }).describe("The figures that decided."),
    response: z
      .enum(["Settling", "Acting", "Recommended", "Advised", "Waiting", "Disabled"])
      .describe(
        "`Settling`: it is watched a little longer. `Acting`: the operator does something about it. `Recommended`: it would, under mode Automatic. `Advised`: only a person or an autoscaler can help. `Waiting`: it will act, or will not, for the reason in the message. `Disabled`: retuning is off.",
      ),
    action: z
      .enum(["RollBack", "Replan", "Benchmark"])
      .optional()
      .describe("What is or would be done. Absent where only replicas or a person can help."),
    until: Time.optional().describe("When it may be done at the earliest."),
  })
  .describe("Why the target is missed or will be, and what is done about it. Absent while all is well.");
export type TargetDiagnosis = z.infer<typeof TargetDiagnosis>;

/** One plan of a target in status. */
export const RevisionStatus = z.object({
  name: z.string().max(63).describe("Name of the plan, as pods report it."),
  origin: PlanOrigin.describe("`Tuning`: it was measured. `Replan`: it was found in tables that were measured before."),
  outcome: PlanOutcome.describe(
    "`Serving`: the pods run it. `Trying`: it is tried beside the plan that serves. `Superseded`: a newer one took its place. `RolledBack`: it was taken back. `Refused`: it was tried beside the plan that serves and was not better.",
  ),
  since: Time.describe("When it took that outcome."),
  summary: z.string().max(256).describe("What it is: `OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8`."),
  message: z.string().max(512).describe("Why, in a sentence."),
});
export type RevisionStatus = z.infer<typeof RevisionStatus>;
