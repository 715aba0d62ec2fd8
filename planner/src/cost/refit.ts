import type { CostTable } from "@sweetspot/crds";
import { CostModel } from "./cost-model.ts";

/** Half of what was seen of the whole table is forgotten after so many seconds, but not before `leastBatches` more were seen. */
const halfLifeSeconds = 15;
/** A cell's own deviation is steadier than the machine's speed, and seen less often. */
const cellHalfLifeSeconds = 60;
const leastBatches = 20;
/** So many batches of evidence weigh as much as the belief that nothing differs. */
const priorBatches = 8;
/** One batch may be off by any factor, because something else ran; it is believed only so far. */
const mostSurprise = Math.LN2;
const mostShapes = 4096;

/** A mean of logarithms that forgets. */
interface ForgettingMean {
  weight: number;
  mean: number;
  /** Seconds. */
  at: number;
}

/**
 * What the batches of a running variant say about its cost table: one factor for all cells, because mostly it is the machine that
 * changes its speed, and a deviation from it for each cell that was seen. Both are shrunk towards "no change" by
 * the evidence that there is; what was not seen lately is kept until something else is seen. It has no clock.
 */
export class CostEvidence {
  readonly #table: CostTable;
  readonly #expected: CostModel;
  readonly #all: ForgettingMean = { weight: 0, mean: 0, at: 0 };
  /** Relative to `#all` at the time of each batch, so that a change of speed moves the cells that are rarely seen too. */
  readonly #cells: readonly ForgettingMean[];
  readonly #nearest = new Map<number, number>();
  #batches = 0;

  constructor(table: CostTable) {
    this.#table = table;
    this.#expected = CostModel.fromTable(table);
    this.#cells = table.cells.map(() => ({ weight: 0, mean: 0, at: 0 }));
  }

  /** Batches seen in all. */
  get batches(): number {
    return this.#batches;
  }

  /** Observed over expected time, over all shapes, as it is now. */
  get factor(): number {
    return Math.exp(shrunk(this.#all));
  }

  /** A batch of `rows` rows of `length` took so long in its engine. `now`: seconds on any clock. */
  observe(rows: number, length: number, microseconds: number, now: number): void {
    const cell = this.#cells[this.#nearestCell(rows, length)] as ForgettingMean;
    const ratio = Math.log(microseconds / this.#expected.batchMicroseconds(rows, length));
    const believed = shrunk(this.#all) + shrunk(cell);
    const surprise = Math.max(-mostSurprise, Math.min(mostSurprise, ratio - believed));
    this.#batches += 1;
    add(this.#all, believed + surprise, now, halfLifeSeconds);
    add(cell, believed + surprise - shrunk(this.#all), now, cellHalfLifeSeconds);
  }

  /** The factor of each cell, in the order of the table. */
  factors(): number[] {
    return this.#cells.map((cell) => Math.exp(shrunk(this.#all) + shrunk(cell)));
  }

  /** By the ratios of rows and of lengths. */
  #nearestCell(rows: number, length: number): number {
    const key = rows * 0x1_0000_0000 + length;
    const known = this.#nearest.get(key);
    if (known !== undefined) return known;
    const distances = this.#table.cells.map(
      (cell) => Math.abs(Math.log(cell.rows / rows)) + Math.abs(Math.log(cell.length / length)),
    );
    const nearest = distances.indexOf(Math.min(...distances));
    if (this.#nearest.size >= mostShapes) this.#nearest.clear();
    this.#nearest.set(key, nearest);
    return nearest;
  }
}

/** The table with each cell's time multiplied by its factor; all else stays. Factors: in the order of the cells. */
export function refitTable(table: CostTable, factors: readonly number[]): CostTable {
  const cells = table.cells.map((cell, i) => ({ ...cell, microseconds: cell.microseconds * (factors[i] ?? 1) }));
  return { ...table, cells };
}

const shrunk = ({ weight, mean }: ForgettingMean): number => (mean * weight) / (weight + priorBatches);

function add(to: ForgettingMean, value: number, now: number, halfLife: number): void {
  const halvings = Math.min(Math.max(0, now - to.at) / halfLife, 1 / leastBatches);
  to.weight = to.weight * 2 ** -halvings + 1;
  to.mean += (value - to.mean) / to.weight;
  to.at = now;
}
