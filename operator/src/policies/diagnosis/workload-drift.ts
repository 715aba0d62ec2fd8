import { roundFigure } from "../../figures.ts";
import { percentOf } from "../in-words.ts";
import { trafficShift } from "./compare-traffic.ts";
import { costMoved, costShift } from "./cost-shift.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** Requests have other sizes than at promotion, or come in bursts, while the table holds: only the plan is out of date. */
export const workloadDrift: DiagnosisPolicy = (observation) => {
  const { present, promoted } = observation;
  const shift = promoted === null ? null : trafficShift(present, promoted);
  if (shift === null) return null;
  const cost = costShift(observation)?.overall ?? 1;
  const { lengths, rows, dispersion, moved } = shift;
  return {
    cause: "WorkloadDrift",
    holds: moved && cost <= costMoved,
    evidence: { lengthsMoved: lengths, rowsMoved: rows, dispersionTimes: dispersion, costShift: cost },
    sentence: `Traffic changed: ${percentOf(lengths)} of the requests have another length than at promotion, ${percentOf(rows)} another number of rows, and arrivals are ${roundFigure(dispersion)} times as bursty.`,
    remedy: { kind: "Replan" },
  };
};
