import type { CostTable, TuningReport } from "@sweetspot/crds";
import { CostModel, median } from "@sweetspot/planner";
import type { ReplanQuestion } from "./replan-question.ts";

type MeasuredTable = TuningReport["tables"][number];

/** Tables are corrected when engines are slower or faster by more than this somewhere. */
const worthCorrecting = 0.1;
/** A pod may say anything: no engine becomes so many times as slow or as fast and still serves. */
const mostTimes = 50;

export interface TablesOfNow {
  readonly tables: readonly MeasuredTable[];
  /** Whether they differ from what was measured. */
  readonly corrected: boolean;
}

/**
 * The tables of the serving variant as they would be measured now. The table that pods fitted to what they observe says how each
 * shape's time has changed (its median over the pods); the tables of other layouts follow by the same factors. Without such a
 * table all cells follow `slowdown`.
 */
export function tablesOfNow(question: ReplanQuestion): TablesOfNow {
  const { report, plan } = question;
  // The pods hold the model file, or the recipe, of this variant alone.
  const tables = report.tables.filter(({ variant }) => variant === plan.artifact.variant);
  const factor = factorOf(question, tables);
  const times = tables.flatMap(({ table }) => table.cells.map(({ rows, length }) => factor(rows, length)));
  if (times.every((one) => Math.abs(one - 1) <= worthCorrecting)) return { tables, corrected: false };
  return { tables: tables.map((one) => ({ ...one, table: multiplied(one.table, factor) })), corrected: true };
}

/** How many times as long as measured a batch takes now. */
type Factor = (rows: number, length: number) => number;

function factorOf({ plan, fitted, slowdown }: ReplanQuestion, tables: readonly MeasuredTable[]): Factor {
  const { instances, threadsPerInstance, spinning } = plan.layout;
  const own = tables.find(
    ({ layout }) =>
      layout.instances === instances &&
      layout.threadsPerInstance === threadsPerInstance &&
      layout.spinning === spinning,
  );
  const measured = own?.table ?? plan.costTable;
  if (measured === undefined || fitted.length === 0) return () => slowdown;
  const before = CostModel.fromTable(measured);
  const now = fitted.map((table) => CostModel.fromTable(table));
  return (rows, length) => {
    const expected = before.batchMicroseconds(rows, length);
    const times = median(now.map((model) => model.batchMicroseconds(rows, length) / expected));
    return Math.min(mostTimes, Math.max(1 / mostTimes, times));
  };
}

const multiplied = (table: CostTable, factor: Factor): CostTable => ({
  ...table,
  cells: table.cells.map((cell) => ({ ...cell, microseconds: cell.microseconds * factor(cell.rows, cell.length) })),
});
