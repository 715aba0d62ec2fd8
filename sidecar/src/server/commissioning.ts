import type { Commissioning, CostCell, CostTable } from "@sweetspot/crds";
import { mean, median } from "@sweetspot/planner";
import type { EngineAnswer } from "../engine/engine.ts";

/** How many shapes are timed, and how often each on every engine, as far as the time allows. */
const mostShapes = 3;
const mostRounds = 7;
/** Readiness waits for it, so it is short: about so long in all, and never a shape that alone would take much of it. */
const budgetMicroseconds = 1e6;
const longestBatch = 0.1 * budgetMicroseconds;

/**
 * Which cells of a table to time: the quickest, the middle and the slowest of those that the plan may run and that are
 * over soon.
 */
export function shapesToTime({ cells }: Pick<CostTable, "cells">, maximumRows: number): CostCell[] {
  const short = cells
    .filter(({ rows, microseconds }) => rows <= maximumRows && microseconds <= longestBatch)
    .sort((a, b) => a.microseconds - b.microseconds);
  const places = Array.from({ length: mostShapes }, (_, i) => Math.round((i * (short.length - 1)) / (mostShapes - 1)));
  return [...new Set(places)].flatMap((place) => short[place] ?? []);
}

/** What timing shapes takes from its surroundings. */
export interface CommissioningRun {
  readonly cells: readonly CostCell[];
  /** Runs one made-up batch of a shape on each engine at once, as tables are measured, and gives their answers. */
  readonly runAll: (cell: CostCell) => Promise<readonly EngineAnswer[]>;
  /** Microseconds on any clock. */
  readonly now: () => number;
}

/**
 * Compares a few cells of a plan's table with this machine before it serves, so that a node that is not what its labels
 * say, a throttled CPU or failed pinning show before traffic finds them. Rounds go over all shapes in turn, so that a
 * burst of something else does not hit one shape alone. Null where there is nothing to compare, or every batch is refused.
 */
export async function commission({ cells, runAll, now }: CommissioningRun): Promise<Commissioning | null> {
  const times = cells.map((): number[] => []);
  const start = now();
  for (let round = 0; round < mostRounds; round += 1) {
    for (const [index, cell] of cells.entries()) {
      if (now() - start > budgetMicroseconds) break;
      times[index]?.push(...(await runAll(cell)).map(({ microseconds }) => microseconds));
    }
  }
  const shapes = cells.flatMap(({ rows, length, microseconds: expectedMicroseconds }, index) => {
    const observed = times[index] as number[];
    if (observed.length === 0) return [];
    return [{ rows, length, expectedMicroseconds, observedMicroseconds: median(observed), runs: observed.length }];
  });
  if (shapes.length === 0) return null;
  const logarithms = shapes.map((shape) => Math.log(shape.observedMicroseconds / shape.expectedMicroseconds));
  return { ratio: Math.exp(mean(logarithms)), shapes };
}
