import type { CostCell, CostTable } from "@sweetspot/crds";
import { CostModel, median } from "@sweetspot/planner";

/**
 * Median relative error with which the table predicts a shape that is left out of it: what the model says of shapes
 * that were never measured. Only shapes inside the measured range are left out, since serving never leaves it. Null
 * with fewer than two such shapes.
 */
export function heldOutError(table: CostTable): number | null {
  const inner = table.cells.filter((cell) => isInside(cell, table.cells));
  if (inner.length < 2) return null;
  return median(inner.map((cell) => errorWithout(table, cell)));
}

function isInside(cell: CostCell, cells: readonly CostCell[]): boolean {
  const sameRows = cells.filter((other) => other.rows === cell.rows);
  return sameRows.some((other) => other.length < cell.length) && sameRows.some((other) => other.length > cell.length);
}

function errorWithout(table: CostTable, cell: CostCell): number {
  const model = CostModel.fromTable({ ...table, cells: table.cells.filter((other) => other !== cell) });
  return Math.abs(model.batchMicroseconds(cell.rows, cell.length) / cell.microseconds - 1);
}
