import type { Layout, MeasuredTable } from "@sweetspot/crds";
import { engineOf } from "@sweetspot/crds";
import { searchPlans } from "@sweetspot/planner";
import { createEnginePool, type EnginePool } from "@sweetspot/sidecar";
import { heldOutError } from "../measure/held-out.ts";
import { measureTable } from "../measure/measure-table.ts";
import { representativeSamples } from "../measure/representatives.ts";
import { openSingleEngine } from "../measure/single-engine.ts";
import { type TimingEffort, timeBatches } from "../measure/time-batches.ts";
import { defaultLayout, isDefaultLayout, layoutsFor } from "../search/layouts.ts";
import { pointsFor } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";

/** Budgets below this get a coarser table: fewer lengths, shorter timing. */
const fineBudgetSeconds = 180;
/** A shape is timed for this share of the budget, within bounds that suit a laptop's first look and a night's search. */
const effort = { share: 0.002, leastMilliseconds: 40, mostMilliseconds: 400, fewestRuns: 3, usualRuns: 7 };
/** Tables must be done by this share of the budget; the race needs the rest. */
const deadlineShare = 0.45;
/** A variant whose best prediction in the first layout is so far behind is not measured in the others. */
const hopeless = 0.75;

/**
 * Measures the cost tables: the naive default first, because everything is compared with it, then each eligible variant
 * in each layout, the most promising layout of all variants before the next. Ends early, with what there is, when its
 * share of the budget is gone.
 */
export async function measureTables(state: TuningState): Promise<void> {
  const reference = await openSingleEngine(state.model.source.file);
  try {
    const source = state.eligible[0] as LoadableVariant;
    await addTable(state, reference, source, defaultLayout(state.cpus), false);
    for (const layout of layoutsFor(state.cpus).reverse()) {
      for (const variant of state.eligible) {
        // Each variant gets one table whatever the time: without it there is nothing to choose from.
        const first = !state.tables.some(
          (table) => table.variant === variant.variant && !isDefaultLayout(table.layout),
        );
        if (!first && (state.budget.until(deadlineShare) === 0 || isHopeless(state, variant))) continue;
        await addTable(state, reference, variant, layout, state.model.signature.batchable);
      }
    }
  } finally {
    await reference.close();
  }
}

async function addTable(
  state: TuningState,
  reference: EnginePool,
  variant: LoadableVariant,
  layout: Layout,
  batchable: boolean,
): Promise<void> {
  state.signal.throwIfAborted();
  const label = `${variant.variant} in ${layout.instances}x${layout.threadsPerInstance} threads`;
  state.say("CostTable", `Measuring ${label}`);
  const pool = await createEnginePool({ engine: engineOf(variant.variant), file: variant.file, layout });
  try {
    const { table, contaminatedCells } = await measureTable({ ...setupFor(state, reference), pool, batchable });
    state.tables.push({ variant: variant.variant, layout, table, heldOutError: heldOutError(table) });
    if (contaminatedCells > 0) {
      const message = `${contaminatedCells} shapes of ${label} could not be measured in peace: the machine changed speed.`;
      state.findings.push({ topic: "Environment", outcome: "Warning", message });
    }
  } finally {
    await pool.close();
  }
}

function setupFor(state: TuningState, reference: EnginePool) {
  const { model, request, signal } = state;
  const detail = request.budgetSeconds < fineBudgetSeconds ? "Coarse" : "Fine";
  const lengths = model.shapes.map(({ length }) => length);
  const representatives = representativeSamples(lengths, detail).map((index) => ({
    inputs: model.samples.samples[index]?.inputs ?? [],
    length: lengths[index] as number,
  }));
  const middle = representatives[Math.floor((representatives.length - 1) / 2)] as (typeof representatives)[number];
  const timeReference = async () =>
    (await timeBatches(reference, middle.inputs, model.outputs, { minimumRuns: 5, milliseconds: 40 })).engine;
  return {
    reference: timeReference,
    representatives,
    outputs: model.outputs,
    targetMicroseconds: request.target.latencyMilliseconds * 1000,
    effort: effortFor(request.budgetSeconds),
    checkpoint: () => signal.throwIfAborted(),
  };
}

function effortFor(budgetSeconds: number): TimingEffort {
  const { share, leastMilliseconds, mostMilliseconds, fewestRuns, usualRuns } = effort;
  const milliseconds = Math.min(mostMilliseconds, Math.max(leastMilliseconds, 1000 * share * budgetSeconds));
  return { minimumRuns: budgetSeconds < fineBudgetSeconds / 2 ? fewestRuns : usualRuns, milliseconds };
}

/** Compares the variants by the capacity that a short simulation predicts from the tables so far. */
function isHopeless(state: TuningState, variant: LoadableVariant): boolean {
  const best = (tables: readonly MeasuredTable[]) => {
    const points = pointsFor(tables, state.request.target, state.model.signature.batchable);
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
