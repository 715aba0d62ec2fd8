import * as z from "zod";
import { ChecklistItem } from "./checklist.ts";
import { Count, Digest, EngineName, envelope, Instant, Microseconds, Name, Positive, VariantName } from "./common.ts";
import { CostTable } from "./cost-table.ts";
import { Environment } from "./environment.ts";
import { BatchPolicy, Layout, ServingPlan } from "./serving-plan.ts";
import { QualityMetric, TuningQuestion } from "./tuning-question.ts";

const Sentence = z.string().min(1).max(1024);
/** An estimate with the ends of its 95 % interval. */
export const Interval = z.object({ estimate: z.number(), low: z.number(), high: z.number() });
export type Interval = z.infer<typeof Interval>;

/** A statistic, not an opinion: there may be too few requests to say. */
export const VerdictResult = z.enum(["Pass", "Fail", "Inconclusive"]);
export type VerdictResult = z.infer<typeof VerdictResult>;

export const QualityResult = z.object({
  metric: QualityMetric,
  /** Share lost against the reference, 0 to 1. */
  loss: Interval,
  samples: Count,
  verdict: VerdictResult,
  /** How many samples more would probably decide; null unless inconclusive. */
  moreSamples: Positive.nullable(),
});
export type QualityResult = z.infer<typeof QualityResult>;

/** What became of one variant. A failure is a result like any other. */
export const VariantResult = z.object({
  variant: VariantName,
  engine: EngineName,
  /** `NotApplicable`: the machine or the engine has no use for it. */
  state: z.enum(["Ready", "Failed", "TimedOut", "OutOfMemory", "Skipped", "NotApplicable"]),
  /** Why it is not ready, or what it is. */
  message: Sentence,
  seconds: z.number().nonnegative(),
  bytes: Count.nullable(),
  digest: Digest.nullable(),
  quality: QualityResult.nullable(),
  /** Another variant with the same operators, and so the same speed, which loses less: this one was not measured. */
  twin: VariantName.optional(),
  /** May it win? Lossless, or passed the quality gate, or unchecked by request. */
  eligible: z.boolean(),
});
export type VariantResult = z.infer<typeof VariantResult>;

/** The percentile's verdict, with what a conclusive answer would take. */
export const LatencyVerdict = z.object({
  result: VerdictResult,
  requests: Count,
  misses: Count,
  /** Misses that the target allows among so many requests, on average. */
  allowedMisses: z.number().nonnegative(),
  confidence: z.number().min(0).max(1),
  /** Requests that would probably decide at this load; null when conclusive. */
  requiredRequests: Positive.nullable(),
  message: Sentence,
});
export type LatencyVerdict = z.infer<typeof LatencyVerdict>;

/** What the simulator says of one point of the search. */
export const Prediction = z.object({
  /** Highest Poisson rate that holds the target. */
  capacityRequestsPerSecond: z.number().nonnegative(),
  /** Latency at the target's percentile at 70 % of that rate, milliseconds. */
  latencyAt70PercentMilliseconds: z.number().nonnegative(),
  meanBatchRows: z.number().nonnegative(),
});
export type Prediction = z.infer<typeof Prediction>;

/** One round of the race for one candidate. */
export const RaceRound = z.object({
  round: Count,
  capacityRequestsPerSecond: z.number().nonnegative(),
  /** Void rounds are shown and not counted: the machine was disturbed. */
  void: z.boolean(),
});
export type RaceRound = z.infer<typeof RaceRound>;

/** A point that was considered: variant, layout and policy. */
export const Candidate = z.object({
  name: Name,
  /** In words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8". */
  summary: Sentence,
  variant: VariantName,
  layout: Layout,
  batching: BatchPolicy,
  prediction: Prediction.nullable(),
  /** `Raced` through the real server; `Incumbent` is the naive default that a user would have without tuning. */
  role: z.enum(["Incumbent", "Raced", "Predicted"]),
  rounds: z.array(RaceRound).max(256),
  /** Capacity under the target as measured in the race; null where it was not raced. */
  measured: Interval.nullable(),
  /** Why it lost; null for the winner. */
  lost: Sentence.nullable(),
});
export type Candidate = z.infer<typeof Candidate>;

export const Decision = z.object({
  /** Name of the winning candidate. */
  winner: Name,
  summary: Sentence,
  reason: Sentence,
  /** False when one request alone already takes longer than the target. */
  feasible: z.boolean(),
  /** Best latency at the target's percentile that this node reaches at low load, milliseconds. */
  bestReachableMilliseconds: z.number().nonnegative(),
  /** Measured where raced, else predicted. */
  capacityRequestsPerSecond: z.number().nonnegative(),
  /** Rate and latency of the confirming run at the recommended load; null where the budget had no room for it. */
  confirmation: z
    .object({
      offeredRequestsPerSecond: z.number().positive(),
      latencyMilliseconds: z.number().nonnegative(),
      /** Requests that were under way on average, as in `LoadStage`. Absent in reports of tuners that do not tell. */
      concurrency: z.number().nonnegative().optional(),
      /** What the simulator says of the same rate; null where it sees no end of the queue. */
      predictedLatencyMilliseconds: z.number().nonnegative().nullable(),
      verdict: LatencyVerdict,
    })
    .nullable(),
  /** Capacity over the naive default's, from the race's paired rounds; null when there was no race. */
  gainOverDefault: Interval.nullable(),
  plan: ServingPlan,
});
export type Decision = z.infer<typeof Decision>;

/** One measured remark for the user, an item of the serving checklist. */
export const Finding = z.object({
  topic: z.enum(["Environment", "Quality", "Batching", "Padding", "Quantization", "Threads", "Workload", "Budget"]),
  outcome: z.enum(["Gained", "Lost", "NotApplicable", "Warning"]),
  message: Sentence,
});
export type Finding = z.infer<typeof Finding>;

/** A cost table and what it belongs to. */
export const MeasuredTable = z.object({
  variant: VariantName,
  layout: Layout,
  table: CostTable,
  /** Median relative error on shapes that were held out of the fit; null with too few shapes. */
  heldOutError: z.number().nonnegative().nullable(),
});
export type MeasuredTable = z.infer<typeof MeasuredTable>;

/** What one server answered with its engines bound to CPUs and without, under equal closed-loop clients. */
export const PinningTrial = z.object({
  pinnedRequestsPerSecond: z.number().nonnegative(),
  unpinnedRequestsPerSecond: z.number().nonnegative(),
});
export type PinningTrial = z.infer<typeof PinningTrial>;

/** A kind of request as the scheduler sees it; requests share a batch only within a group. */
export const WorkloadShape = z.object({ rows: Positive, length: Positive, group: z.string().max(1024) });
export type WorkloadShape = z.infer<typeof WorkloadShape>;

/** The answer to a tuning question: what was chosen, and why. */
export const TuningReport = z.object({
  ...envelope("TuningReport"),
  question: TuningQuestion,
  questionDigest: Digest,
  startedAt: Instant,
  finishedAt: Instant,
  /** False when it was stopped early: the decision is the best so far. */
  completed: z.boolean(),
  environment: Environment,
  variants: z.array(VariantResult).max(24),
  tables: z.array(MeasuredTable).max(64),
  /** Single-row time of the reference at the workload's median length. */
  referenceMicroseconds: Microseconds,
  candidates: z.array(Candidate).max(64),
  decision: Decision,
  findings: z.array(Finding).max(64),
  /** Null where it was not tried, and in reports from before it was recorded. */
  pinningTrial: PinningTrial.nullable().default(null),
  /** Every item of the serving checklist once; empty in reports from before there was one. */
  checklist: z.array(ChecklistItem).max(32).default([]),
  /** The workload that the plan is for, equally likely kinds of requests; absent in reports from before it was recorded. */
  requestShapes: z.array(WorkloadShape).min(1).max(256).optional(),
});
export type TuningReport = z.infer<typeof TuningReport>;
