import * as z from "zod";
import { Digest, envelope, Positive, VariantName } from "./common.ts";
import { DocumentError, parseDocument } from "./parse.ts";
import { Interval, VerdictResult } from "./tuning-report.ts";

/** The kubelet keeps so much of a container's termination message, and no more. */
export const maximumResultBytes = 4096;

const Sentence = z.string().min(1).max(512);
/** The Job's word is not trusted: beyond this a figure is none, and sums of a few would be infinite. */
const Figure = z.number().nonnegative().max(1e12);

/** How the confirming run at the recommended load went. */
export const ConfirmationSummary = z.object({
  offeredRequestsPerSecond: z.number().positive().max(1e12),
  /** At the target's percentile. */
  latencyMilliseconds: Figure,
  /** Requests that were under way on average. Absent in results of tuners that do not tell. */
  concurrency: Figure.optional(),
  verdict: VerdictResult,
});
export type ConfirmationSummary = z.infer<typeof ConfirmationSummary>;

/** What the winner was measured on, as far as a reader of the status wants to know. */
export const EnvironmentSummary = z.object({
  cpuModel: z.string().max(256),
  /** CPUs that the tuner could use. */
  cpus: Positive,
  architecture: z.string().max(32),
});
export type EnvironmentSummary = z.infer<typeof EnvironmentSummary>;

export const SucceededResult = z.object({
  ...envelope("TuningResult"),
  state: z.literal("Succeeded"),
  /** One sentence for events and conditions. */
  message: Sentence,
  /** Digest of the `TuningQuestion` that was answered. */
  questionDigest: Digest,
  /** False when tuning was stopped early: the decision is the best so far. */
  completed: z.boolean(),
  /** The winner in words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8". */
  winner: z.string().min(1).max(256),
  variant: VariantName,
  /** Why it won. */
  reason: Sentence,
  /** False when one request alone already takes longer than the target. */
  feasible: z.boolean(),
  bestReachableMilliseconds: Figure,
  /** Of one replica, under the target. */
  capacityRequestsPerSecond: Figure,
  confirmation: ConfirmationSummary.nullable(),
  gainOverDefault: Interval.nullable(),
  /** `digestOf` the report's `decision.plan`. */
  planDigest: Digest,
  /** Digests of the gzips that travel as log records. */
  reportDigest: Digest,
  recipeDigest: Digest.nullable(),
  environment: EnvironmentSummary,
});
export type SucceededResult = z.infer<typeof SucceededResult>;

export const FailedResult = z.object({
  ...envelope("TuningResult"),
  state: z.literal("Failed"),
  /** What happened and what to do next. */
  message: Sentence,
  /** Absent when it failed before the question was known: a model file that cannot be read has no digest. */
  questionDigest: Digest.optional(),
});
export type FailedResult = z.infer<typeof FailedResult>;

/** What a tuning Job leaves behind in its termination message: the answer in short, or why there is none. */
export const TuningResult = z.discriminatedUnion("state", [SucceededResult, FailedResult]);
export type TuningResult = z.infer<typeof TuningResult>;

/**
 * The result as one line of JSON of at most `maximumResultBytes` bytes of UTF-8. Sentences are shortened where they do
 * not fit (an escaped or non-Latin character takes up to six bytes); figures and digests never are.
 * Throws `DocumentError` when the result does not keep the contract.
 */
export function writeTuningResult(result: TuningResult): string {
  const plain = { ...result, message: clipSentence(result.message, 512) };
  if (plain.state === "Succeeded") {
    plain.reason = clipSentence(plain.reason, 512);
    plain.winner = clipSentence(plain.winner, 256);
    plain.environment = { ...plain.environment, cpuModel: clipSentence(plain.environment.cpuModel, 256) };
  }
  let text = JSON.stringify(plain);
  for (let length = 384; Buffer.byteLength(text) > maximumResultBytes; length = Math.floor(length / 2)) {
    text = JSON.stringify(shortened(plain, length));
  }
  parseDocument(TuningResult, text, "The tuning result");
  return text;
}

/** Reads a termination message, which is untrusted text. Throws `DocumentError`. */
export function readTuningResult(text: string): TuningResult {
  if (Buffer.byteLength(text) > maximumResultBytes) {
    throw new DocumentError(`The tuning result is longer than ${maximumResultBytes} bytes.`);
  }
  return parseDocument(TuningResult, text, "The tuning result");
}

function shortened<R extends TuningResult>(result: R, length: number): R {
  const message = clipSentence(result.message, length);
  if (result.state === "Failed") return { ...result, message };
  return {
    ...result,
    message,
    reason: clipSentence(result.reason, length),
    winner: clipSentence(result.winner, length),
  };
}

/** At most `length` UTF-16 units without control characters, never cut inside a character; "…" tells of the cut. */
function clipSentence(text: string, length: number): string {
  const clean = text.toWellFormed().replace(/\p{Cc}+/gu, " ");
  if (clean.length <= length) return clean;
  return `${clean.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
