import { roundFigure } from "../../figures.ts";
import { costMoved, costShift } from "./cost-shift.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** Engines take longer for the same batches than at promotion, more than the rate of requests explains: the table moved. */
export const costDrift: DiagnosisPolicy = (observation) => {
  const shift = costShift(observation);
  if (shift === null) return null;
  const { overall, explainedByRate } = shift;
  return {
    cause: "CostDrift",
    holds: overall > costMoved,
    evidence: { shift: overall, explainedByRate },
    sentence: `Engines take ${roundFigure(overall)} times as long for the same batches as at promotion.`,
    remedy: { kind: "Replan" },
  };
};
