import { canonicalJson, digestOf, type ServingPlan } from "@sweetspot/crds";
import { type PlanPoint, type PlanSettings, replan, summaryOf } from "@sweetspot/planner";
import type { ReplanAnswer, ReplanQuestion } from "./replan-question.ts";
import { requestShapes } from "./request-shapes.ts";
import { tablesOfNow } from "./tables-of-now.ts";

/** Half or twice the predicted capacity: beyond that something else is wrong than the prediction. */
const mostCorrection = 2;

/** Looks for a plan in the tables of a tuning, for the traffic and the speed of now. Pure, and takes seconds: run it in a thread. */
export function findPlan(question: ReplanQuestion, now: () => number): ReplanAnswer {
  const { report, plan, target, traffic, rejected } = question;
  const { variant } = plan.artifact;
  const { tables, corrected } = tablesOfNow(question);
  const shapes = requestShapes(traffic.lengths, traffic.rows, plan.padding !== undefined);
  if (tables.length === 0) return { kind: "Impossible", problem: "the tuning kept no cost table of the variant" };
  if (shapes.length === 0) return { kind: "Impossible", problem: "there are no requests to plan for" };
  const current = { variant, layout: plan.layout, batching: plan.batching };
  const end = now() + question.milliseconds;
  const found = replan({ tables, current, target, shapes, seed: report.question.seed, stop: () => now() > end });
  const correction = correctionOf(question);
  const capacity = correction * found.best.prediction.capacityRequestsPerSecond;
  if (!found.changed && !corrected) return { kind: "Stays", capacityRequestsPerSecond: capacity };
  const { point } = found.best;
  if (found.changed && rejected.some((settings) => sameSettings(settings, point))) {
    return { kind: "TriedBefore", summary: summaryOf(point) };
  }
  return {
    kind: "Found",
    plan: planOf(plan, point, target),
    summary: summaryOf(point),
    capacityRequestsPerSecond: capacity,
    capacityBefore: found.current === null ? null : correction * found.current.prediction.capacityRequestsPerSecond,
    sameSettings: !found.changed,
  };
}

const sameSettings = (settings: PlanSettings, { variant, layout, policy }: PlanPoint): boolean =>
  canonicalJson(settings) === canonicalJson({ variant, layout, batching: policy });

/** The running plan with another layout and policy, named by what it is, so that finding it twice makes one. */
function planOf(plan: ServingPlan, { layout, policy, table }: PlanPoint, serviceLevel: ServingPlan["serviceLevel"]) {
  const found = { ...plan, layout, batching: policy, serviceLevel, costTable: table };
  const { revision: _, ...content } = found;
  return { ...found, revision: `replan-${digestOf(content).slice("sha256:".length, "sha256:".length + 10)}` };
}

/** How the winner's measured capacity related to its predicted one. */
function correctionOf({ report }: ReplanQuestion): number {
  const winner = report.candidates.find(({ name }) => name === report.decision.winner);
  const predicted = winner?.prediction?.capacityRequestsPerSecond ?? 0;
  const measured = winner?.measured?.estimate ?? 0;
  if (predicted <= 0 || measured <= 0) return 1;
  return Math.min(mostCorrection, Math.max(1 / mostCorrection, measured / predicted));
}
