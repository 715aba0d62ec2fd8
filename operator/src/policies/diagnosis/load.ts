import { roundFigure } from "../../figures.ts";
import { comfortableLoad } from "../autoscaling.ts";
import { costMoved, costShift } from "./cost-shift.ts";
import type { DiagnosisPolicy, Observation } from "./observation.ts";

/** More requests come than the ready replicas were measured to carry, and engines are as fast as then. No benchmark helps. */
export const load: DiagnosisPolicy = (observation) => {
  const capacity = capacityOf(observation);
  if (capacity === null) return null;
  const { plan } = observation;
  const rate = offeredRate(observation);
  const cost = costShift(observation)?.overall ?? 1;
  const each = (plan as NonNullable<typeof plan>).capacityRequestsPerSecond;
  const replicas = Math.ceil(rate / (comfortableLoad * each));
  return {
    cause: "Load",
    holds: rate > capacity && cost <= costMoved,
    evidence: { requestsPerSecond: rate, capacityRequestsPerSecond: capacity, replicas },
    sentence: `${roundFigure(rate)} requests/s come, and the replicas carry ${roundFigure(capacity)}: it takes ${replicas} of them.`,
    remedy: { kind: "Scale", replicas },
  };
};

/** Requests per second that come now, also where they have only just become more. */
export const offeredRate = ({ present, surge }: Pick<Observation, "present" | "surge">): number =>
  Math.max(present.requestsPerSecond, surge);

/** Requests per second that the ready replicas carry within the target; null where it was not measured. */
export function capacityOf({ plan, readyReplicas }: Observation): number | null {
  if (plan === null || plan.capacityRequestsPerSecond <= 0 || readyReplicas === 0) return null;
  return plan.capacityRequestsPerSecond * readyReplicas;
}
