import type { Layout } from "@sweetspot/crds";
import { median, quantile, type Random } from "@sweetspot/planner";
import { type TableMeasurement, tableEffort } from "@sweetspot/tuner";
import { costTableOf, recordedEffort } from "./recorded-table.ts";
import type { RecordedTable, Recording } from "./recording.ts";

/** A table that is measured again from what was recorded, and how long that took. */
interface ReplayedTable {
  readonly measured: TableMeasurement;
  readonly seconds: number;
}

/**
 * Measures the table of a variant in a layout from one of the recorded passes, as short as the budget asks for: each cell is the
 * median of as many draws from its recorded times as the tuner would take.
 */
export function replayTable(
  { tables }: Recording,
  passes: readonly number[],
  { variant, layout }: { readonly variant: string; readonly layout: Layout },
  budgetSeconds: number,
  random: Random,
): ReplayedTable {
  const known = tables.filter(
    (table) => table.variant === variant && isSame(table.layout, layout) && passes.includes(table.pass),
  );
  const recorded = known[Math.floor(random() * known.length)];
  if (recorded === undefined) throw new Error(`no table of ${variant} was recorded for such a layout`);
  const { effort } = tableEffort(budgetSeconds);
  const saved = timeFor(recorded, recordedEffort) - timeFor(recorded, effort);
  const cells = recorded.cells.map((cell) => timedAgain(cell, effort, recorded.layout.instances, random));
  const table = costTableOf({ ...recorded, cells });
  const timings = cells.map((cell) => [cell[5]]);
  return { measured: { table, timings, contaminatedCells: 0 }, seconds: Math.max(0, recorded.seconds - saved) };
}

const isSame = (a: Layout, b: Layout): boolean =>
  a.instances === b.instances && a.threadsPerInstance === b.threadsPerInstance && a.spinning === b.spinning;

type Effort = typeof recordedEffort;
type Cell = RecordedTable["cells"][number];

/** Runs of one instance, the last of which may begin just before the time is up. */
const runsOf = (microseconds: number, { minimumRuns, milliseconds }: Effort): number =>
  Math.max(minimumRuns, Math.ceil((1000 * milliseconds) / microseconds));

/** Seconds for the cells alone, a warming run each included. */
const timeFor = ({ cells }: RecordedTable, effort: Effort): number =>
  cells.reduce((sum, [, , , , , centre]) => sum + ((1 + runsOf(centre, effort)) * centre) / 1e6, 0);

function timedAgain(cell: Cell, effort: Effort, instances: number, random: Random): Cell {
  const [rows, length, , ...spread] = cell;
  const runs = instances * runsOf(spread[2], effort);
  const times = Array.from({ length: runs }, () => quantile(spread, random()));
  return [rows, length, runs, spread[0], spread[1], median(times), spread[3], spread[4]];
}
