import * as z from "zod";
import { Percentile } from "../common.ts";
import { VerdictResult } from "../tuning-report.ts";
import { AutoscalingStatus } from "./autoscaling.ts";
import { Conditions } from "./condition.ts";
import { reasonsOf } from "./conditions.ts";
import { keyedList } from "./rules.ts";
import { NodeClass } from "./scheduling.ts";
import { RevisionStatus, TargetDiagnosis } from "./target-diagnosis.ts";

const Replicas = z.int().min(0);
const Short = z.string().max(128);
const Milliseconds = z.number().nonnegative();
const Figure = z.number().nonnegative();

export const Summary = z
  .object({
    winner: z
      .string()
      .max(256)
      .optional()
      .describe("What is served, in words: `OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8`."),
    latency: Short.optional().describe("Measured latency at the target's percentile: `31 ms`."),
    target: Short.optional().describe("The promise: `P99 < 50 ms`."),
    capacity: Short.optional().describe(
      "Requests per second that the ready replicas carry together within the target: `804/s`. Each counts like that of the target that carries least, unless autoscaling.loadBalancing is `LeastRequest`: a Service gives each the same share.",
    ),
  })
  .describe("The columns of `kubectl get`, of the target that looks worst.");
export type Summary = z.infer<typeof Summary>;

export const TargetStatus = z.object({
  name: z.string().max(30).describe("The target's name in spec.targets."),
  nodeClass: NodeClass.optional().describe(
    "The labels of the node that was measured, which say what the measurement holds for.",
  ),
  winner: z
    .string()
    .max(256)
    .optional()
    .describe("What won, in words: `OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8`."),
  reason: z.string().max(512).optional().describe("Why it won, in a sentence."),
  percentile: Percentile.optional().describe("The percentile that latencyMilliseconds is of."),
  latencyMilliseconds: Milliseconds.optional().describe(
    "Latency at that percentile in the confirming run, in milliseconds.",
  ),
  verdict: VerdictResult.optional().describe(
    "Does the confirming run prove the target? `Inconclusive`: it had too few requests to say.",
  ),
  capacityRequestsPerSecond: Figure.optional().describe(
    "Requests per second that one replica carries within the target.",
  ),
  tunedConcurrency: Figure.optional().describe(
    "Requests under way in one replica on average at the load of the confirming run: 70 % of the capacity, or workload.requestsPerSecond where that is less. Absent where that run missed the target, and while a plan serves that had none.",
  ),
  bestReachableMilliseconds: Milliseconds.optional().describe(
    "Lowest latency at the percentile that the node reaches at low load, in milliseconds. A target below it cannot be met there.",
  ),
  planRevision: z.string().max(63).optional().describe("Revision of the plan that the target's pods should run."),
  desiredReplicas: Replicas.optional().describe(
    "Pods that the target is to have: its part of all replicas, by what one of them carries.",
  ),
  replicas: Replicas.optional().describe("Pods of the target."),
  readyReplicas: Replicas.optional().describe("Pods of the target that answer requests."),
  appliedReplicas: Replicas.optional().describe("Pods that report planRevision as the plan they run."),
  pinning: z
    .enum(reasonsOf("InferenceDeployment", "CpuPinned"))
    .optional()
    .describe("How CPU pinning turned out, as the pods read it back; the reasons of condition CpuPinned."),
  diagnosis: TargetDiagnosis.optional(),
  revisions: keyedList(RevisionStatus, "name", 8)
    .optional()
    .describe("The plans of the target, oldest first, with why each was taken and what became of it."),
  tuningRun: z.string().max(63).optional().describe("Name of the TuningRun that measured it."),
});
export type TargetStatus = z.infer<typeof TargetStatus>;

export const InferenceDeploymentStatus = z
  .object({
    observedGeneration: z.int().min(0).optional().describe("The metadata.generation that this status is of."),
    conditions: Conditions.optional().describe(
      "Ready, ModelResolved, Tuned, ConfigurationApplied, ServiceLevelMet, ReportsReceived, NodeClassConfirmed, CpuPinned, Reconciling and Stalled, each with a reason and a sentence.",
    ),
    replicas: Replicas.optional().describe("Pods of all targets."),
    readyReplicas: Replicas.optional().describe("Pods that answer requests."),
    selector: z.string().max(1024).optional().describe("Label selector of the pods, for autoscalers."),
    autoscaling: AutoscalingStatus.optional(),
    summary: Summary.optional(),
    targets: keyedList(TargetStatus, "name", 16).optional().describe("What was found and what runs, per target."),
  })
  .describe("What the operator found and did.");
export type InferenceDeploymentStatus = z.infer<typeof InferenceDeploymentStatus>;
