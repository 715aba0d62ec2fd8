import { type ServiceLevel, shareOf, type TargetDiagnosis } from "@sweetspot/crds";
import { type Finding, sayFor } from "../conditions.ts";
import { roundFigure } from "../figures.ts";
import { percentOf } from "../policies/in-words.ts";
import type { Answer } from "./answer.ts";
import type { Observed } from "./observed.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/**
 * `ServiceLevelMet` of one target: from the requests of the last hour where they say something, else from the confirming run
 * of its tuning. No requests are no breach.
 */
export function serviceLevelMet({ spec }: Observed, state: TargetState): Finding {
  const { answer, look } = state;
  const { serviceLevel } = spec;
  const current = answer?.current === true ? answer : null;
  const { state: level } = look.level;
  if (current?.result.feasible === false && level !== "Met") {
    return infeasible(serviceLevel, state, current.result.bestReachableMilliseconds);
  }
  const best = state.diagnosis?.cause === "Infeasible" ? bestIn(state.diagnosis) : undefined;
  if (best !== undefined) return infeasible(serviceLevel, state, best);
  if (level === "Breached") return breached(serviceLevel, state);
  const short = current === null ? null : capacityTooLow({ spec }, state, current);
  if (level === "Met") return short ?? say("ServiceLevelMet", "Kept", promiseOf(serviceLevel));
  const confirmation = current?.result.confirmation;
  if (current === null || confirmation === undefined) return say("ServiceLevelMet", "NotMeasured", {});
  return confirmed(serviceLevel, state, current, confirmation, short);
}

const promiseOf = ({ percentile, latencyMilliseconds: milliseconds }: ServiceLevel) => ({
  milliseconds,
  allowed: percentOf(1 - shareOf(percentile)),
});

function breached(serviceLevel: ServiceLevel, { target, look }: TargetState): Finding {
  const share = percentOf(Number((look.shownShare ?? 0).toPrecision(2)));
  return say("ServiceLevelMet", "Breached", { ...promiseOf(serviceLevel), target: target.name, share });
}

function infeasible(serviceLevel: ServiceLevel, { target }: TargetState, reachable: number): Finding {
  const { latencyMilliseconds: milliseconds, percentile } = serviceLevel;
  const best = roundFigure(reachable);
  return say("ServiceLevelMet", "Infeasible", { milliseconds, percentile, target: target.name, best });
}

const bestIn = ({ evidence }: TargetDiagnosis): number | undefined =>
  evidence.find(({ name }) => name === "bestReachableMilliseconds")?.value;

function capacityTooLow({ spec }: Pick<Observed, "spec">, { replicas, wantedInAll }: TargetState, { result }: Answer) {
  const minimum = spec.serviceLevel.minimumRequestsPerSecond;
  const { capacityRequestsPerSecond: capacity } = result;
  if (minimum === undefined || capacity <= 0 || capacity * wantedInAll >= minimum) return null;
  return say("ServiceLevelMet", "CapacityTooLow", {
    replicas,
    capacity: roundFigure(capacity * wantedInAll),
    wanted: minimum,
    needed: Math.ceil(minimum / capacity),
  });
}

function confirmed(
  { latencyMilliseconds: milliseconds, percentile }: ServiceLevel,
  { target }: TargetState,
  { result }: Answer,
  { latencyMilliseconds, verdict }: NonNullable<Answer["result"]["confirmation"]>,
  short: Finding | null,
): Finding {
  const values = { latency: roundFigure(latencyMilliseconds), percentile, milliseconds };
  if (verdict === "Fail") return say("ServiceLevelMet", "Missed", { ...values, target: target.name });
  if (short !== null) return short;
  if (verdict === "Inconclusive") return say("ServiceLevelMet", "Unproven", values);
  return say("ServiceLevelMet", "Met", { ...values, capacity: roundFigure(result.capacityRequestsPerSecond) });
}
