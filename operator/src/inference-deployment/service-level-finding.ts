import { type Finding, sayFor } from "../conditions.ts";
import { roundFigure } from "../figures.ts";
import type { Answer } from "./answer.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** `ServiceLevelMet` of one target, from the confirming run of its tuning. */
export function serviceLevelMet({ spec }: Observed, state: TargetState): Finding {
  const { answer, target } = state;
  if (answer === null || !answer.current) return say("ServiceLevelMet", "NotMeasured", {});
  const { latencyMilliseconds: milliseconds, percentile } = spec.serviceLevel;
  const { feasible, bestReachableMilliseconds, confirmation } = answer.result;
  if (!feasible) {
    const best = roundFigure(bestReachableMilliseconds);
    return say("ServiceLevelMet", "Infeasible", { milliseconds, percentile, target: target.name, best });
  }
  if (confirmation === undefined) return say("ServiceLevelMet", "NotMeasured", {});
  return confirmed({ spec }, state, answer, confirmation);
}

function confirmed(
  { spec }: Pick<Observed, "spec">,
  { target, replicas }: TargetState,
  { result }: Answer,
  { latencyMilliseconds, verdict }: NonNullable<Answer["result"]["confirmation"]>,
): Finding {
  const { latencyMilliseconds: milliseconds, percentile, minimumRequestsPerSecond: minimum } = spec.serviceLevel;
  const values = { latency: roundFigure(latencyMilliseconds), percentile, milliseconds };
  if (verdict === "Fail") return say("ServiceLevelMet", "Missed", { ...values, target: target.name });
  const { capacityRequestsPerSecond: capacity } = result;
  if (minimum !== undefined && capacity > 0 && capacity * spec.replicas < minimum) {
    return say("ServiceLevelMet", "CapacityTooLow", {
      replicas,
      capacity: roundFigure(capacity * spec.replicas),
      wanted: minimum,
      needed: Math.ceil(minimum / capacity),
    });
  }
  if (verdict === "Inconclusive") return say("ServiceLevelMet", "Unproven", values);
  return say("ServiceLevelMet", "Met", { ...values, capacity: roundFigure(capacity) });
}
