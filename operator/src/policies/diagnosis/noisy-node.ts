import { median } from "@sweetspot/planner";
import { roundFigure } from "../../figures.ts";
import { costMoved, costShift } from "./cost-shift.ts";
import type { DiagnosisPolicy } from "./observation.ts";

/** Engines became slower on fewer than half of the nodes: something there takes their time. Needs two nodes to tell. */
export const noisyNode: DiagnosisPolicy = (observation) => {
  const shift = costShift(observation);
  if (shift === null || shift.nodes.length < 2) return null;
  const usual = median(shift.nodes.map((node) => node.shift));
  const slow = shift.nodes.filter((node) => node.shift > costMoved && node.shift / usual > costMoved);
  const names = slow.map(({ name }) => name);
  const worst = Math.max(...shift.nodes.map((node) => node.shift));
  return {
    cause: "NoisyNode",
    holds: slow.length > 0 && 2 * slow.length <= shift.nodes.length && (usual <= costMoved || slow.length === 1),
    evidence: { slowNodes: slow.length, nodes: shift.nodes.length, worstShift: worst, usualShift: usual },
    sentence: `Engines are ${roundFigure(worst)} times as slow as at promotion on ${names.slice(0, 5).join(", ")}, and ${roundFigure(usual)} times on the other nodes.`,
    remedy: { kind: "Move", nodes: names },
  };
};
