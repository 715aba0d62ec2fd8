import * as z from "zod";
import { Digest, VariantName } from "../common.ts";
import { Interval, VerdictResult } from "../tuning-report.ts";
import type { SucceededResult } from "../tuning-result.ts";
import { Conditions } from "./condition.ts";
import { NodeClass } from "./scheduling.ts";

const DigestText = Digest.max(71);
const Figure = z.number().nonnegative();

const Confirmation = z.object({
  offeredRequestsPerSecond: z.number().positive().describe("Load of the confirming run, in requests per second."),
  latencyMilliseconds: Figure.describe("Latency at the target's percentile, in milliseconds."),
  concurrency: Figure.optional().describe("Requests that were under way on average: rate x mean latency."),
  verdict: VerdictResult.describe("Does it prove the target? `Inconclusive`: too few requests to say."),
});

const Gain = z.object({
  estimate: Interval.shape.estimate.describe("The estimate: 2.3 is 2.3 times as many requests."),
  low: Interval.shape.low.describe("Lower end of its 95 % interval."),
  high: Interval.shape.high.describe("Upper end of its 95 % interval."),
});

const EnvironmentOfRun = z.object({
  cpuModel: z.string().max(256).describe("Model of the CPU."),
  cpus: z.int().min(1).describe("CPUs that the tuner could use."),
  architecture: z.string().max(32).describe("`x64` or `arm64`."),
});

export const TuningRunResult = z.object({
  questionDigest: DigestText.describe("Digest of the question that the tuner answered."),
  completed: z.boolean().describe("False when tuning was stopped early: the decision is the best so far."),
  winner: z.string().max(256).describe("What won, in words: `OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8`."),
  variant: VariantName.describe("The variant of the model that won."),
  reason: z.string().max(512).describe("Why it won, in a sentence."),
  feasible: z.boolean().describe("False when one request alone already takes longer than the target."),
  bestReachableMilliseconds: Figure.describe(
    "Lowest latency at the target's percentile that the node reaches at low load, in milliseconds.",
  ),
  capacityRequestsPerSecond: Figure.describe("Requests per second that one replica carries within the target."),
  confirmation: Confirmation.optional().describe("The confirming run. Absent when the budget had no room for it."),
  gainOverDefault: Gain.optional().describe("Capacity over that of the naive default. Absent when there was no race."),
  planDigest: DigestText.describe("Digest of the plan that won."),
  reportDigest: DigestText.describe("Digest of the gzipped report."),
  recipeDigest: DigestText.optional().describe(
    "Digest of the gzipped recipe of the variant. Absent when the source won.",
  ),
  environment: EnvironmentOfRun.describe("What it was measured on."),
});
export type TuningRunResult = z.infer<typeof TuningRunResult>;

/** Figures are measurements: three digits of them mean something, and people read them in columns. */
const rounded = (value: number): number => Number(value.toPrecision(3));

const roundedAll = <T extends Readonly<Record<string, unknown>>>(record: T): T =>
  Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, typeof value === "number" ? rounded(value) : value]),
  ) as T;

/** A Job's result as it stands in status: without envelope, rounded, and with absent fields for null. */
export function runResultOf(result: SucceededResult): TuningRunResult {
  const { apiVersion: _, kind: __, state: ___, message: ____, ...answer } = result;
  const { confirmation, gainOverDefault, recipeDigest, ...rest } = answer;
  return {
    ...roundedAll(rest),
    ...(confirmation === null ? {} : { confirmation: roundedAll(confirmation) }),
    ...(gainOverDefault === null ? {} : { gainOverDefault: roundedAll(gainOverDefault) }),
    ...(recipeDigest === null ? {} : { recipeDigest }),
  };
}

const Report = z.object({
  configMap: z.string().max(253).describe("ConfigMap that holds it, as binary data under `report`."),
  bytes: z.int().min(1).describe("Size of the gzip, in bytes."),
  digest: DigestText.describe("SHA-256 of the gzip."),
});

export const TuningRunStatus = z
  .object({
    observedGeneration: z.int().min(0).optional().describe("The metadata.generation that this status is of."),
    conditions: Conditions.optional().describe(
      "Complete, Failed, Reconciling and Stalled, each with a reason and a sentence. `kubectl wait --for=condition=Complete` waits for the answer.",
    ),
    jobName: z.string().max(63).optional().describe("The Job that measures."),
    answerFrom: z
      .string()
      .max(63)
      .optional()
      .describe("The TuningRun that measured: it asked the same but for names, and this one took its answer over."),
    nodeName: z.string().max(253).optional().describe("The node that it runs or ran on."),
    nodeClass: NodeClass.optional().describe(
      "The labels of that node which tell kinds of nodes apart: what was measured holds for nodes with the same values.",
    ),
    startedAt: z.iso.datetime().max(64).optional().describe("When its pod started."),
    finishedAt: z.iso.datetime().max(64).optional().describe("When the answer or the failure was known."),
    message: z.string().max(1024).optional().describe("The answer or what stands in its way, in a sentence."),
    result: TuningRunResult.optional().describe("The answer in short."),
    report: Report.optional().describe("Where the whole answer is kept, gzipped."),
  })
  .describe("The answer.");
export type TuningRunStatus = z.infer<typeof TuningRunStatus>;
