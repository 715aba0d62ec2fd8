import type { Candidate, MeasuredTable } from "@sweetspot/crds";
import { inOrderOfArrival, type Predicted, searchPlans, withoutBatching } from "@sweetspot/planner";
import { isDefaultLayout, shareTable } from "../search/layouts.ts";
import { nameOf, pointOf, pointsFor, type SearchPoint, summaryOf } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";

/** What the search found: the naive default, and the points worth reporting, best first. */
export interface Search {
  readonly incumbent: Predicted<SearchPoint>;
  readonly ranked: readonly Predicted<SearchPoint>[];
  /** What the best layout for batches would carry with batches in order of arrival; null where order makes no difference. */
  readonly inOrder: Predicted<SearchPoint> | null;
}

/** The search may take this share of the budget. */
const searchShare = 0.08;
/** Best predictions that go into the report, whatever their kind. */
const reported = 6;

/** Simulates every point of the search and keeps what is worth reporting. `incumbent`: as `predictIncumbent` gives it. */
export function predictAll(state: TuningState, incumbent: Search["incumbent"]): Search {
  const { tables, budget, policies } = state;
  const end = budget.elapsed() + searchShare * budget.seconds;
  const tuned = tables.filter(({ layout }) => !isDefaultLayout(layout));
  const points = pointsFor(tuned, policies);
  const ranked = searchPlans(points, {
    ...common(state),
    stop: () => budget.elapsed() > end || state.signal.aborted,
  });
  state.say("Search", `Simulated ${points.length} plans`, ranked[0] && summaryOf(ranked[0].point));
  return { incumbent, ranked: worthReporting(ranked), inOrder: predictInOrder(state, ranked) };
}

/** Order matters only among requests of several lengths that may share a batch. */
function predictInOrder(state: TuningState, ranked: Search["ranked"]): Search["inOrder"] {
  const batching = ranked.find(({ point }) => point.policy.maximumRows > 1);
  const { shapes } = state.model;
  const mixed = shapes.some((one) => shapes.some(({ group, length }) => group === one.group && length !== one.length));
  if (batching === undefined || !mixed) return null;
  const policy = { ...inOrderOfArrival, inFlightPerInstance: batching.point.policy.inFlightPerInstance };
  return predictOne(state, currentPoint(state, { ...batching.point, policy }));
}

const common = ({ request, model }: TuningState) => ({
  target: request.target,
  shapes: model.shapes,
  seed: request.seed,
});

/** The naive default. */
export function predictIncumbent(state: TuningState): Predicted<SearchPoint> {
  const table = state.tables.find(({ layout }) => isDefaultLayout(layout)) as MeasuredTable;
  return predictOne(state, pointOf(table, withoutBatching));
}

const predictOne = (state: TuningState, point: SearchPoint): Predicted<SearchPoint> =>
  searchPlans([point], { ...common(state), stop: () => false })[0] as Predicted<SearchPoint>;

/** The point of a candidate with its table as it is now: calibration changes tables after the search. */
export function currentPoint({ tables }: TuningState, { variant, layout, policy }: SearchPoint): SearchPoint {
  const same = (table: MeasuredTable) => table.variant === variant && shareTable(table.layout, layout);
  return pointOf(tables.find(same) as MeasuredTable, policy);
}

/** Predicts chosen points again, over their tables as they are now. */
export function predictAgain(state: TuningState, search: Search): Search {
  const again = ({ point }: Predicted<SearchPoint>) => currentPoint(state, point);
  const ranked = searchPlans(search.ranked.map(again), { ...common(state), stop: () => false });
  return { incumbent: predictIncumbent(state), ranked, inOrder: predictInOrder(state, ranked) };
}

export const incumbentName = "naive-default";

/** The candidates of the report: the naive default, what the search kept, and batches in order of arrival. */
export function candidatesOf({ incumbent, ranked, inOrder }: Search): Candidate[] {
  const naive = { ...candidateOf(incumbent, "Incumbent"), name: incumbentName };
  const predicted = inOrder === null ? ranked : [...ranked, inOrder];
  return [naive, ...predicted.map((one) => candidateOf(one, "Predicted"))];
}

/** The best few, and the best of each kind, so that the report can say what each choice gains or loses. */
function worthReporting(ranked: Search["ranked"]): Search["ranked"] {
  const kinds = new Set<string>();
  return ranked.filter(({ point }, position) => {
    const kind = `${point.variant} ${point.instances} ${point.policy.maximumRows > 1}`;
    const first = !kinds.has(kind);
    kinds.add(kind);
    return first || position < reported;
  });
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
