import type { CostTable } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { roundFigure } from "../../figures.ts";
import { percentOf } from "../in-words.ts";
import type { DiagnosisPolicy, Observation } from "./observation.ts";

/**
 * More requests than may be late are too slow even alone on an idle server: `s(1, L)` exceeds the target at their length. No plan
 * helps then. The table is the one of the promotion, so that a node that became slow is not taken for a target that is too low.
 */
export const infeasible: DiagnosisPolicy = (observation) => {
  const { plan, target, level } = observation;
  if (plan === null) return null;
  const alone = timesAlone(observation);
  const limit = target.latencyMilliseconds;
  const late = alone.filter(({ milliseconds }) => milliseconds > limit).reduce((sum, { share }) => sum + share, 0);
  const best = alone.length === 0 ? plan.bestReachableMilliseconds : bestOf(alone, level.allowed);
  return {
    cause: "Infeasible",
    holds: alone.length === 0 ? best > limit : late > level.allowed,
    evidence: { targetMilliseconds: limit, bestReachableMilliseconds: best, shareTooSlowAlone: late },
    sentence: `${percentOf(late)} of the requests take longer than ${limit} ms even alone: the best reachable at ${target.percentile} is ${roundFigure(best)} ms.`,
    remedy: { kind: "Advise" },
  };
};

interface Alone {
  readonly milliseconds: number;
  readonly share: number;
}

/** What each size of request takes on an idle server; empty without a table or traffic. */
function timesAlone({ plan, present }: Observation): Alone[] {
  const total = present.lengths.reduce((sum, count) => sum + count, 0);
  if (plan === null || plan.costTable === null || total === 0) return [];
  const cost = modelOf(plan.costTable);
  return present.lengths
    .map((count, i) => ({ count, length: shortestAt(i) }))
    .filter(({ count }) => count > 0)
    .map(({ count, length }) => ({
      milliseconds: cost.servingMicroseconds(1, 1, length) / 1000,
      share: count / total,
    }));
}

const models = new WeakMap<CostTable, CostModel>();

/** Fitting takes milliseconds, and the loop asks every few seconds. */
function modelOf(table: CostTable): CostModel {
  const model = models.get(table) ?? CostModel.fromTable(table);
  models.set(table, model);
  return model;
}

/** The shortest length that a sketch counts at an index, so that nobody is called infeasible by rounding. */
const shortestAt = (index: number): number => Math.max(1, Math.ceil(2 ** ((index - 0.5) / 2)));

/** The latency alone that all but the allowed share keep. */
function bestOf(alone: readonly Alone[], allowed: number): number {
  let above = 0;
  for (const { milliseconds, share } of alone.toSorted((a, b) => b.milliseconds - a.milliseconds)) {
    above += share;
    if (above > allowed) return milliseconds;
  }
  return 0;
}
