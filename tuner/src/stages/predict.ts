import type { Candidate, MeasuredTable } from "@sweetspot/crds";
import { type Predicted, searchPlans, withoutBatching } from "@sweetspot/planner";
import { defaultLayout } from "../search/layouts.ts";
import { nameOf, pointOf, pointsFor, type SearchPoint, summaryOf } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";

/** What the search found: the naive default, and all other points best first. */
export interface Search {
  readonly incumbent: Predicted<SearchPoint>;
  readonly ranked: readonly Predicted<SearchPoint>[];
}

/** The search may take this long, or this share of the budget where that is more. */
const searchSeconds = 5;
const searchShare = 0.05;
/** Predictions that go into the report. */
const reported = 12;

/** Simulates every point of the search. */
export function predictAll(state: TuningState): Search {
  const { request, model, tables, budget, cpus } = state;
  const end = budget.elapsed() + Math.max(searchSeconds, searchShare * budget.seconds);
  const options = {
    target: request.target,
    shapes: model.shapes,
    seed: request.seed,
    stop: () => budget.elapsed() > end || state.signal.aborted,
  };
  const unpinned = tables.find(({ layout }) => !layout.pinned) as MeasuredTable;
  const tuned = tables.filter(({ layout }) => layout.pinned);
  const points = pointsFor(tuned, request.target, model.signature.batchable);
  const ranked = searchPlans(points, options);
  const incumbentPoint = { ...pointOf(unpinned, withoutBatching), layout: defaultLayout(cpus) };
  const [incumbent] = searchPlans([incumbentPoint], { ...options, stop: () => false });
  state.say("Search", `Simulated ${points.length} plans`, ranked[0] && summaryOf(ranked[0].point));
  return { incumbent: incumbent as Predicted<SearchPoint>, ranked };
}

export const incumbentName = "naive-default";

/** The candidates of the report: the naive default and the best predictions. */
export function candidatesOf({ incumbent, ranked }: Search): Candidate[] {
  const naive = { ...candidateOf(incumbent, "Incumbent"), name: incumbentName };
  return [naive, ...ranked.slice(0, reported).map((predicted) => candidateOf(predicted, "Predicted"))];
}

function candidateOf({ point, prediction }: Predicted<SearchPoint>, role: Candidate["role"]): Candidate {
  return {
    name: nameOf(point),
    summary: summaryOf(point),
    variant: point.variant,
    layout: point.layout,
    batching: point.policy,
    prediction,
    role,
    rounds: [],
    measured: null,
    lost: null,
  };
}
