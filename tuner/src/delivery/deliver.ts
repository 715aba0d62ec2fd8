import { resolve } from "node:path";
import {
  apiVersion,
  digestOf,
  type EncodedRecord,
  encodeRecord,
  type FailedResult,
  type SucceededResult,
  type TuningReport,
  type TuningResult,
} from "@sweetspot/crds";
import { deriveRecipe, type RecipeOutcome } from "../variants/recipe.ts";
import { answerMessage } from "./message.ts";

/** What a tuning Job leaves behind: the answer in short, and the documents behind it as lines for the log. */
export interface Delivery {
  readonly result: TuningResult;
  readonly lines: readonly string[];
}

export interface DeliverySources {
  /** The folder with the results, to which the plan's model file is relative. */
  readonly directory: string;
  /** The model that was tuned. */
  readonly modelFile: string;
}

/**
 * Makes an answer ready to leave the node. The recipe of a made winner is derived here, because only the winner needs
 * one. Throws `RangeError` for a report that is too large for the log.
 */
export async function deliveryOf(report: TuningReport, sources: DeliverySources): Promise<Delivery> {
  const encoded = encodeRecord("TuningReport", report);
  const outcome = await recipeOf(report, sources);
  const recipe = outcome !== null && "recipe" in outcome ? encodeRecord("VariantRecipe", outcome.recipe) : null;
  const stays = outcome !== null && "notTransportable" in outcome ? outcome.notTransportable : null;
  return {
    result: resultOf(report, encoded, recipe, answerMessage(report, stays)),
    lines: [...encoded.lines, ...(recipe?.lines ?? [])],
  };
}

/** What is left behind where there is no answer. */
export const failure = (message: string): FailedResult => ({
  apiVersion,
  kind: "TuningResult",
  state: "Failed",
  message: message.trim() || "Tuning failed without a message.",
});

/** Null where the source itself won, which every pod has. */
async function recipeOf(
  report: TuningReport,
  { directory, modelFile }: DeliverySources,
): Promise<RecipeOutcome | null> {
  const { artifact } = report.decision.plan;
  if (artifact.variant === "Source") return null;
  const { variant, digest } = artifact;
  return deriveRecipe(modelFile, { file: resolve(directory, artifact.file), digest, variant });
}

function resultOf(
  report: TuningReport,
  { digest: reportDigest }: EncodedRecord,
  recipe: EncodedRecord | null,
  message: string,
): SucceededResult {
  const { decision, environment, question } = report;
  const { confirmation } = decision;
  return {
    apiVersion,
    kind: "TuningResult",
    state: "Succeeded",
    message,
    questionDigest: report.questionDigest,
    completed: report.completed,
    winner: decision.summary,
    variant: decision.plan.artifact.variant,
    reason: decision.reason,
    feasible: decision.feasible,
    bestReachableMilliseconds: decision.bestReachableMilliseconds,
    capacityRequestsPerSecond: decision.capacityRequestsPerSecond,
    confirmation: confirmation && {
      offeredRequestsPerSecond: confirmation.offeredRequestsPerSecond,
      latencyMilliseconds: confirmation.latencyMilliseconds,
      ...(confirmation.concurrency === undefined ? {} : { concurrency: confirmation.concurrency }),
      verdict: confirmation.verdict.result,
    },
    gainOverDefault: decision.gainOverDefault,
    planDigest: digestOf(decision.plan),
    reportDigest,
    recipeDigest: recipe?.digest ?? null,
    environment: {
      cpuModel: environment.cpuModel,
      cpus: question.cpus,
      architecture: environment.architecture,
    },
  };
}
