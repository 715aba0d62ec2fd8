import * as z from "zod";
import { type Rule, withRules } from "./rules.ts";

/** Replicas by the operator itself. */
export const Autoscaling = withRules(
  z.object({
    minReplicas: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe("Least pods of all targets together, and what there are before a capacity is measured."),
    maxReplicas: z.int().min(1).max(1000).describe("Most pods of all targets together."),
    scaleDownSeconds: z
      .int()
      .min(120)
      .max(3600)
      .default(300)
      .describe(
        "For so long fewer replicas must have been enough before there are fewer, in seconds. More are made at once.",
      ),
    loadBalancing: z
      .enum(["Even", "LeastRequest"])
      .default("Even")
      .describe(
        "How requests reach the pods of several targets. `Even`: each gets the same share, as from a Service; the target whose replica carries least decides. `LeastRequest`: what is in front of the pods sends requests where the fewest are outstanding; capacities add up.",
      ),
  }),
  [
    {
      name: "MinimumWithinMaximum",
      holds: ({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas,
      cel: "self.minReplicas <= self.maxReplicas",
      message: "autoscaling.minReplicas may not be more than autoscaling.maxReplicas.",
      field: "minReplicas",
    },
  ],
).describe(
  "Lets the operator choose the replicas, from the measured capacity of one and the requests that pods report. Absent: `replicas` says how many, and belongs to you or to an autoscaler. With it `replicas` is left out, or 0 to serve nothing.",
);
export type Autoscaling = z.infer<typeof Autoscaling>;

/** The `scale` subresource sets `replicas`, so that the API server refuses another autoscaler with this sentence. */
export const replicasHaveOneOwner: Rule<{ autoscaling?: Autoscaling | undefined; replicas: number }> = {
  name: "ReplicasHaveOneOwner",
  holds: ({ autoscaling, replicas }) => autoscaling === undefined || replicas <= 1,
  cel: "!has(self.autoscaling) || self.replicas <= 1",
  message:
    "spec.autoscaling chooses the replicas: leave spec.replicas out and point no autoscaler at it, or remove spec.autoscaling.",
  field: "replicas",
};

export const ScalingReason = z.enum(["FollowsLoad", "AtMaximum", "CapacityUnknown", "NoReports"]);
export type ScalingReason = z.infer<typeof ScalingReason>;

/** What the operator made of the load, as status says it. */
export const AutoscalingStatus = z
  .object({
    replicas: z.int().min(0).max(1000).describe("Pods of all targets that are wanted."),
    reason: ScalingReason.describe(
      "`FollowsLoad`: as many as carry the requests. `AtMaximum`: more would be needed than maxReplicas allows. `CapacityUnknown`: it was not measured what one replica carries, or it carries nothing within the target; the number stays. `NoReports`: no pod tells of its traffic; the number stays.",
    ),
    message: z.string().max(512).describe("Why there are so many, with the figures of when it was decided."),
    since: z.iso.datetime().max(64).describe("When it was decided."),
  })
  .describe("How many replicas the operator wants and why. Absent without spec.autoscaling.");
export type AutoscalingStatus = z.infer<typeof AutoscalingStatus>;
