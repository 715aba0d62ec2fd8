import type { Layout, MeasuredTable } from "@sweetspot/crds";
import { searchPlans } from "@sweetspot/planner";
import type { TableBench } from "../instruments.ts";
import { heldOutError } from "../measure/held-out.ts";
import { defaultLayout, isDefaultLayout, layoutsFor } from "../search/layouts.ts";
import { pointsFor } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { leftOut } from "./left-out.ts";

/** Tables must be done by this share of the budget; the race needs the rest. */
const deadlineShare = 0.45;
/** So many variants get one table whatever the time: without any there is nothing to choose from. */
const alwaysMeasured = 3;
/** A variant whose best prediction in the first layout is so far behind is not measured in the others. */
const hopeless = 0.75;

/**
 * Measures the cost tables: the naive default first, because everything is compared with it, then each eligible variant
 * in each layout, the most promising layout of all variants before the next. Ends early, with what there is, when its
 * share of the budget is gone.
 */
export async function measureTables(state: TuningState): Promise<void> {
  const { model, request, signal, instruments } = state;
  await using tables = await instruments.openTables({
    model,
    // The more variants, the less time for each of their tables.
    budgetSeconds: request.budgetSeconds * Math.min(1, alwaysMeasured / state.eligible.length),
    targetMilliseconds: request.target.latencyMilliseconds,
    checkpoint: () => signal.throwIfAborted(),
  });
  const source = state.eligible[0] as LoadableVariant;
  await addTable(state, tables, source, defaultLayout(state.cpus), false);
  const late: string[] = [];
  for (const layout of layoutsFor(state.cpus).reverse()) {
    for (const [position, variant] of state.eligible.entries()) {
      const first = !state.tables.some((table) => table.variant === variant.variant && !isDefaultLayout(table.layout));
      const owed = first && position < alwaysMeasured;
      if (!owed && state.budget.until(deadlineShare) === 0) late.push(labelOf(variant, layout));
      else if (first || !isHopeless(state, variant)) {
        await addTable(state, tables, variant, layout, model.signature.batchable);
      }
    }
  }
  if (late.length > 0) leftOut(state, `to measure ${late.join(", ")}`);
}

const labelOf = ({ variant }: LoadableVariant, { instances, threadsPerInstance }: Layout): string =>
  `${variant} in ${instances}x${threadsPerInstance} threads`;

async function addTable(
  state: TuningState,
  tables: TableBench,
  variant: LoadableVariant,
  layout: Layout,
  batchable: boolean,
): Promise<void> {
  state.signal.throwIfAborted();
  const label = labelOf(variant, layout);
  state.say("CostTable", `Measuring ${label}`);
  const { table, contaminatedCells } = await tables.measure(variant, layout, batchable);
  state.tables.push({ variant: variant.variant, layout, table, heldOutError: heldOutError(table) });
  if (contaminatedCells > 0) {
    const message = `${contaminatedCells} shapes of ${label} could not be measured in peace: the machine changed speed.`;
    state.findings.push({ topic: "Environment", outcome: "Warning", message });
  }
}

/** Compares the variants by the capacity that a short simulation predicts from the tables so far. */
function isHopeless(state: TuningState, variant: LoadableVariant): boolean {
  const best = (tables: readonly MeasuredTable[]) => {
    const points = pointsFor(tables, state.policies);
    const ranked = searchPlans(
      points.filter(({ policy }) => policy.inFlightPerInstance === 1 && policy.holdMicroseconds === 0),
      {
        target: state.request.target,
        shapes: state.model.shapes,
        seed: state.request.seed,
        stop: () => false,
      },
    );
    return ranked[0]?.prediction.capacityRequestsPerSecond ?? 0;
  };
  return best(state.tables.filter((table) => table.variant === variant.variant)) < hopeless * best(state.tables);
}
