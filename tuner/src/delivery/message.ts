import type { TuningReport } from "@sweetspot/crds";
import * as format from "../report/format.ts";
import { verdictWords } from "../report/verdict-words.ts";

/**
 * The answer in a sentence or two for events and conditions. `stays`: why the winner's file cannot be made again
 * elsewhere; null where it can, or needs not.
 */
export function answerMessage({ decision, question, completed }: TuningReport, stays: string | null): string {
  const { percentile, latencyMilliseconds } = question.serviceLevel;
  const target = `${format.percentileName(percentile)} <= ${format.milliseconds(latencyMilliseconds)}`;
  const early = completed ? "" : "Stopped early, so this is the best so far. ";
  const trouble =
    stays === null ? "" : ` Its ${decision.plan.artifact.variant} file cannot be made again on other nodes: ${stays}`;
  if (!decision.feasible) {
    const best = format.milliseconds(decision.bestReachableMilliseconds);
    return `${early}The target ${target} cannot be met on this node: the best is ${best}, with ${decision.summary}.${trouble}`;
  }
  const capacity = `${format.rate(decision.capacityRequestsPerSecond)} under ${target}`;
  return `${early}${decision.summary}: ${capacity}${confirmed(decision)}.${trouble}`;
}

function confirmed({ confirmation }: TuningReport["decision"]): string {
  if (confirmation === null) return ", not confirmed";
  const { latencyMilliseconds, offeredRequestsPerSecond, verdict } = confirmation;
  const at = `${format.milliseconds(latencyMilliseconds)} at ${format.rate(offeredRequestsPerSecond)}`;
  return `, ${at} (${verdictWords[verdict.result]})`;
}
