import { apiVersion, type CostTable } from "@sweetspot/crds";
import { mean, quantile } from "@sweetspot/planner";
import type { TableMeasurement } from "@sweetspot/tuner";
import type { RecordedTable } from "./recording.ts";

/** How long each shape is timed for a recording. */
export const recordedEffort = { minimumRuns: 3, milliseconds: 60 };
/** A recording keeps the noise of a table in so many equal parts. */
const mostParts = 16;

type TableContent = Pick<RecordedTable, "cells" | "noiseFactors" | "stalls" | "drift" | "overhead">;

/** What a recording keeps of a measured table. */
export function recordedTable({ table, timings }: Pick<TableMeasurement, "table" | "timings">): TableContent {
  const { cells, noiseFactors, stalls, drift, overhead } = table;
  return {
    cells: cells.map(({ rows, length, microseconds, samples }, i) => {
      const [least, low, high, most] = [0, 0.25, 0.75, 1].map((share) => quantile(timings[i] ?? [], share));
      return [rows, length, samples, least, low, microseconds, high, most] as RecordedTable["cells"][number];
    }),
    noiseFactors: thinned(noiseFactors),
    ...(stalls === undefined ? {} : { stalls: { ...stalls, microseconds: thinned(stalls.microseconds) } }),
    ...(drift === undefined ? {} : { drift: { ...drift, factors: thinned(drift.factors) } }),
    overhead,
  };
}

/** A recorded table as the planner reads it. */
export function costTableOf({ cells, noiseFactors, stalls, drift, overhead }: TableContent): CostTable {
  return {
    apiVersion,
    kind: "CostTable",
    cells: cells.map(([rows, length, samples, , , microseconds]) => ({ rows, length, microseconds, samples })),
    noiseFactors,
    ...(stalls === undefined ? {} : { stalls }),
    ...(drift === undefined ? {} : { drift }),
    overhead,
  };
}

/** Means of equal parts of ascending values. */
function thinned(values: readonly number[]): number[] {
  const parts = Math.min(mostParts, values.length);
  return Array.from({ length: parts }, (_, i) =>
    mean(values.slice(Math.floor((i * values.length) / parts), Math.floor(((i + 1) * values.length) / parts))),
  );
}
