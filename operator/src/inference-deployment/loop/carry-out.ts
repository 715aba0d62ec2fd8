import type { PlanHistory, RetuningWork } from "@sweetspot/crds";
import { costShift } from "../../policies/diagnosis/cost-shift.ts";
import type { Diagnosis, Observation } from "../../policies/diagnosis/observation.ts";
import type { RetuningDecision } from "../../policies/retuning.ts";
import { goBack, iso, type Moment } from "./revisions.ts";

interface Decided {
  readonly history: PlanHistory;
  readonly decision: RetuningDecision;
  readonly observation: Observation;
  readonly cause: Diagnosis | null;
  readonly moment: Moment;
  readonly attempts: { readonly last: number };
}

/** The history in which what was decided is done, or stands as work to be done: whoever reads it goes on from there. */
export function carryOut({ history, decision, observation, cause, moment, attempts }: Decided): PlanHistory {
  if (decision.kind !== "Act" || cause === null) return history;
  if (decision.action === "RollBack") {
    const { remedy, sentence } = cause;
    return remedy.kind === "RollBack" ? goBack(history, remedy.revision, sentence, moment) : history;
  }
  const work: RetuningWork = {
    kind: decision.action,
    cause: cause.cause,
    at: iso(moment.now),
    traffic: moment.traffic,
    slowdown: cause.cause === "CostDrift" ? (costShift(observation)?.overall ?? 1) : 1,
    attempt: decision.action === "Benchmark" ? attempts.last + 1 : null,
  };
  return { ...history, work };
}
