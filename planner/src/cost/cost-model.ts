import type { CostCell, CostTable, ServingOverhead } from "@sweetspot/crds";
import { type Formula, fitFormula } from "./extrapolation.ts";
import { isotonic } from "./isotonic.ts";

/** Measured times on a full grid of row counts and lengths, non-decreasing along the lengths. */
interface Lattice {
  readonly rows: readonly number[];
  readonly lengths: readonly number[];
  /** `microseconds[i][j]` belongs to `rows[i]` and `lengths[j]`. */
  readonly microseconds: readonly (readonly number[])[];
}

/** Columns of lengths below this are kept for good, all others until there are as many. */
const cachedColumns = 4096;
const noOverhead: ServingOverhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };

/**
 * The cost model `s(b, L)`: how long an engine takes for `b` rows padded to length `L`.
 *
 * Inside the measured shapes it is the table, made monotone and interpolated linearly; a formula with non-negative
 * coefficients only carries it beyond them. (A formula alone cannot say "past some size a bigger batch is slower per
 * row", which is a measured fact.) All times are microseconds.
 */
export class CostModel {
  readonly overhead: ServingOverhead;
  readonly #lookup: Formula;
  /** By length. The batch former reads a few dozen columns in each decision, where a map would take half of its time. */
  readonly #shortColumns: (Float64Array | undefined)[] = [];
  readonly #longColumns = new Map<number, Float64Array>();

  private constructor(lookup: Formula, overhead: ServingOverhead) {
    this.#lookup = lookup;
    this.overhead = overhead;
  }

  static fromTable(table: CostTable): CostModel {
    const formula = fitFormula(table.cells);
    const lattice = buildLattice(table.cells, formula);
    return new CostModel((rows, length) => interpolate(lattice, formula, rows, length), table.overhead);
  }

  /** For a model that was never measured: work grows with its elements, so that nothing is padded without need. */
  static unmeasured(): CostModel {
    return new CostModel((rows, length) => 1 + rows * length, noOverhead);
  }

  /** Time inside the engine. `rows` and `length` are whole numbers of at least 1. */
  batchMicroseconds(rows: number, length: number): number {
    return this.column(length, rows)[rows] as number;
  }

  /** Time until the engine is free again: the engine's, and what the server adds for the batch and its requests. */
  servingMicroseconds(rows: number, requests: number, length: number): number {
    const { perBatchMicroseconds, perRequestMicroseconds } = this.overhead;
    return this.batchMicroseconds(rows, length) + perBatchMicroseconds + requests * perRequestMicroseconds;
  }

  /**
   * Times of 0..`rows` rows (at least) at one length, index = rows. The batch former reads these columns in its inner
   * loop, so they are kept.
   */
  column(length: number, rows: number): Float64Array {
    const known = length < cachedColumns ? this.#shortColumns[length] : this.#longColumns.get(length);
    if (known !== undefined && known.length > rows) return known;
    const column = Float64Array.from({ length: Math.max(33, rows + 1) }, (_, b) =>
      b === 0 ? 0 : this.#lookup(b, length),
    );
    this.#keep(length, column);
    return column;
  }

  #keep(length: number, column: Float64Array): void {
    if (length < cachedColumns) {
      // Filled up from below, so that the array has no holes, which are slow to read around.
      while (this.#shortColumns.length < length) this.#shortColumns.push(undefined);
      this.#shortColumns[length] = column;
      return;
    }
    if (this.#longColumns.size >= cachedColumns) this.#longColumns.clear();
    this.#longColumns.set(length, column);
  }

  /** The least time per row that any batch of at most `maximumRows` reaches at this length. */
  bestRowMicroseconds(length: number, maximumRows: number, maximumBatchMicroseconds: number): number {
    const column = this.column(length, maximumRows);
    let best = column[1] as number;
    for (let rows = 2; rows <= maximumRows; rows += 1) {
      const total = column[rows] as number;
      if (total > maximumBatchMicroseconds) break;
      best = Math.min(best, total / rows);
    }
    return best;
  }
}

const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

function buildLattice(cells: readonly CostCell[], formula: Formula): Lattice {
  const rows = ascending(cells.map((cell) => cell.rows));
  const lengths = ascending(cells.map((cell) => cell.length));
  return { rows, lengths, microseconds: rows.map((b) => completeCurve(b, lengths, cells, formula)) };
}

/** The times of `b` rows at every length of the lattice, from the cells of just that row count. */
function completeCurve(b: number, lengths: readonly number[], cells: readonly CostCell[], formula: Formula): number[] {
  const own = cells.filter((cell) => cell.rows === b).sort((x, y) => x.length - y.length);
  const smooth = isotonic(
    own.map((cell) => cell.microseconds),
    own.map((cell) => cell.samples),
  );
  const xs = own.map((cell) => cell.length);
  return lengths.map((length) => along(xs, smooth, length, (x) => formula(b, x)));
}

function interpolate(lattice: Lattice, formula: Formula, rows: number, length: number): number {
  const byRows = lattice.rows.map((b, i) =>
    along(lattice.lengths, lattice.microseconds[i] as number[], length, (x) => formula(b, x)),
  );
  return along(lattice.rows, runningMaximum(byRows), rows, (b) => formula(b, length));
}

/** More rows never take less time. The maximum of growing curves grows too, so lengths stay in order. */
function runningMaximum(values: readonly number[]): number[] {
  let highest = 0;
  return values.map((value) => {
    highest = Math.max(highest, value);
    return highest;
  });
}

/**
 * Piecewise linear through (xs, ys); outside, the value at the nearest end scaled by the ratio of the formula, so that
 * the result is continuous and as monotone as the formula.
 */
function along(xs: readonly number[], ys: readonly number[], x: number, formula: (x: number) => number): number {
  const first = xs[0] as number;
  const last = xs.at(-1) as number;
  if (x <= first) return ((ys[0] as number) * formula(x)) / formula(first);
  if (x >= last) return ((ys.at(-1) as number) * formula(x)) / formula(last);
  let i = 1;
  while ((xs[i] as number) < x) i += 1;
  const [x0, x1, y0, y1] = [xs[i - 1], xs[i], ys[i - 1], ys[i]] as [number, number, number, number];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
