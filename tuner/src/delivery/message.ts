import type { TuningReport } from "@sweetspot/crds";
import { endedEarly } from "../decision/findings.ts";
import * as format from "../report/format.ts";
import { verdictWords } from "../report/verdict-words.ts";

/** Characters: the rest of the sentence must fit, too. */
const mostWhy = 200;

/**
 * The answer in a sentence or two for events and conditions. `stays`: why the winner's file cannot be made again
 * elsewhere; null where it can, or needs not.
 */
export function answerMessage(report: TuningReport, stays: string | null): string {
  const { decision, question } = report;
  const { percentile, latencyMilliseconds } = question.serviceLevel;
  const target = `${format.percentileName(percentile)} <= ${format.milliseconds(latencyMilliseconds)}`;
  const early = earlyEnd(report);
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

/** What ended a tuning before its time is the first thing that its reader wants to know, as far as it fits. */
function earlyEnd({ completed, findings }: TuningReport): string {
  if (completed) return "";
  const why = findings.find(({ message }) => message.startsWith(endedEarly))?.message;
  if (why === undefined) return "Stopped early, so this is the best so far. ";
  return why.length > mostWhy ? `${why.slice(0, mostWhy)}... ` : `${why} `;
}
