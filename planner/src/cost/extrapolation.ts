import type { CostCell } from "@sweetspot/crds";

/** `1, b, b L, b L²`: a fixed cost, a cost per row, per element and, for attention, per pair of elements. */
const features = (rows: number, length: number): number[] => [1, rows, rows * length, rows * length * length];

/** Predicts the time of a batch outside the measured shapes, microseconds. Only ratios of it are used. */
export type Formula = (rows: number, length: number) => number;

/**
 * Fits non-negative coefficients by coordinate descent on relative errors, so that small cells count as much as
 * large ones. Negative coefficients are ruled out because they would make some far batch free.
 */
export function fitFormula(cells: readonly CostCell[]): Formula {
  const rows = cells.map((cell) => features(cell.rows, cell.length).map((value) => value / cell.microseconds));
  const scales = [0, 1, 2, 3].map((column) => Math.hypot(...rows.map((row) => row[column] ?? 0)) || 1);
  const design = rows.map((row) => row.map((value, column) => value / (scales[column] ?? 1)));
  const solution = nonNegativeLeastSquares(
    design,
    cells.map(() => 1),
  );
  const coefficients = solution.map((value, column) => value / (scales[column] ?? 1));
  return (b, length) => Math.max(dot(coefficients, features(b, length)), Number.MIN_VALUE);
}

/**
 * Minimises |A x - y|² over x >= 0 by cyclic coordinate descent; exact in the limit for this convex problem.
 * Source: Franc, Hlaváč and Navara, "Sequential coordinate-wise algorithm for non-negative least squares", 2005.
 */
export function nonNegativeLeastSquares(design: readonly (readonly number[])[], target: readonly number[]): number[] {
  const size = design[0]?.length ?? 0;
  const solution = new Array<number>(size).fill(0);
  const residual = target.map((value) => -value);
  for (let sweep = 0; sweep < 2000; sweep += 1) {
    let change = 0;
    for (let column = 0; column < size; column += 1) change += descend(design, solution, residual, column);
    if (change < 1e-12) break;
  }
  return solution;
}

/** One exact step along one coordinate; keeps `residual` = A x - y and returns how far it moved. */
function descend(design: readonly (readonly number[])[], solution: number[], residual: number[], column: number) {
  let gradient = 0;
  let curvature = 0;
  design.forEach((row, index) => {
    const value = row[column] ?? 0;
    gradient += value * (residual[index] ?? 0);
    curvature += value * value;
  });
  if (curvature === 0) return 0;
  const before = solution[column] ?? 0;
  const after = Math.max(0, before - gradient / curvature);
  solution[column] = after;
  design.forEach((row, index) => {
    residual[index] = (residual[index] ?? 0) + (row[column] ?? 0) * (after - before);
  });
  return Math.abs(after - before);
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
