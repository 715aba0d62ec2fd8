import { apiVersion, type CostCell, type CostTable } from "@sweetspot/crds";
import { median } from "@sweetspot/planner";
import { assembleBatch, type EnginePool, type Tensor } from "@sweetspot/sidecar";
import { bracketed } from "./bracket.ts";
import { handOverOf } from "./hand-over.ts";
import { heldOutError } from "./held-out.ts";
import { machineNoise } from "./machine-noise.ts";
import { nextRowCount } from "./representatives.ts";
import { type BatchTimes, type TimingEffort, timeBatches } from "./time-batches.ts";

/** A row that stands for all of its length. */
export interface Representative {
  readonly inputs: readonly Tensor[];
  readonly length: number;
}

/** A table that predicts shapes that are left out of it worse than this is refined. */
const wantedError = 0.05;

/** What a cost table is measured with. */
export interface TableSetup {
  readonly pool: EnginePool;
  /** Times of some fixed work that brackets each length, any unit. */
  readonly reference: () => Promise<number[]>;
  /**
   * What it took in measurements before, to which this one adds: how a machine's speed wanders over a minute is not seen in the
   * seconds of one table.
   */
  readonly references?: number[][];
  /** One row at each length to measure, ascending. */
  readonly representatives: readonly Representative[];
  /** Rows at further lengths, measured one after the other while the table predicts what is left out of it badly. */
  readonly refinements?: readonly Representative[];
  readonly outputs: readonly string[];
  /** Measure batches too; otherwise single rows only. */
  readonly batchable: boolean;
  readonly targetMicroseconds: number;
  readonly effort: TimingEffort;
  /** Asked between lengths; throws to end the measurement. */
  readonly checkpoint: () => void;
}

/** A table, and how many of its lengths could not be measured in peace. */
export interface TableMeasurement {
  readonly table: CostTable;
  readonly contaminatedCells: number;
  /** The times of each cell of the table as they were taken, microseconds. */
  readonly timings: readonly (readonly number[])[];
}

interface Timed {
  readonly cell: CostCell;
  readonly times: BatchTimes;
}

/**
 * Measures `s(b, L)` of one variant in one layout, all instances at once. Every length is bracketed by a reference; when
 * the brackets differ the length is measured again, and kept only if there is nothing better. Where the table then predicts badly what is
 * left out of it, further lengths follow.
 */
export async function measureTable(setup: TableSetup): Promise<TableMeasurement> {
  const clean: Timed[] = [];
  const doubtful: Timed[] = [];
  const { references = [] } = setup;
  const reference = async () => {
    const times = await setup.reference();
    references.push(times);
    return times;
  };
  const measure = async (representative: Representative) => {
    setup.checkpoint();
    const { value, contaminated } = await bracketed(reference, () => measureLength(setup, representative), 1);
    (contaminated ? doubtful : clean).push(...value);
  };
  for (const representative of setup.representatives) await measure(representative);
  for (const refinement of setup.refinements ?? []) {
    const { table } = measurementOf(clean, doubtful, references);
    if ((heldOutError(table) ?? 0) <= wantedError) break;
    await measure(refinement);
  }
  return measurementOf(clean, doubtful, references);
}

function measurementOf(
  clean: readonly Timed[],
  doubtful: readonly Timed[],
  references: readonly (readonly number[])[],
): TableMeasurement {
  // A void cell is left out, unless its length is needed to span the workload or nothing else is known.
  const timed =
    clean.length >= 2 ? [...clean, ...doubtful.filter((one) => isOutside(one, clean))] : [...clean, ...doubtful];
  return {
    table: {
      apiVersion,
      kind: "CostTable",
      cells: timed.map(({ cell }) => cell),
      ...machineNoise(
        timed.map(({ times }) => times.engine),
        references,
      ),
      overhead: handOverOf(timed.map(({ cell, times }) => ({ rows: cell.rows, microseconds: median(times.handOver) }))),
    },
    contaminatedCells: doubtful.length,
    timings: timed.map(({ times }) => times.engine),
  };
}

function isOutside(timed: Timed, others: readonly Timed[]): boolean {
  const lengths = others.map(({ cell }) => cell.length);
  return timed.cell.length < Math.min(...lengths) || timed.cell.length > Math.max(...lengths);
}

async function measureLength(
  { pool, outputs, effort, batchable, targetMicroseconds }: TableSetup,
  { inputs, length }: TableSetup["representatives"][number],
): Promise<Timed[]> {
  const time = async (rows: number): Promise<Timed> => {
    const batch = assembleBatch(new Array(rows).fill({ inputs, rows: 1, length }), undefined);
    const times = await timeBatches(pool, batch.inputs, outputs, effort);
    return { cell: { rows, length, microseconds: median(times.engine), samples: times.engine.length }, times };
  };
  const timed = [await time(1)];
  for (;;) {
    const measured = timed.map(({ cell }) => [cell.rows, cell.microseconds] as const);
    const rows = batchable ? nextRowCount(measured, targetMicroseconds) : null;
    if (rows === null) return timed;
    timed.push(await time(rows));
  }
}
