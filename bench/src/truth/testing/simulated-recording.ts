import { apiVersion, type BatchPolicy, type CostTable, type Layout, type ServiceLevelTarget } from "@sweetspot/crds";
import {
  nameOf,
  normal,
  planPoint,
  poissonArrivals,
  type Random,
  seededRandom,
  simulateCapacity,
  withoutBatching,
} from "@sweetspot/planner";
import { recordedTable } from "../recorded-table.ts";
import type { RecordedRun, RecordedStage, Recording } from "../recording.ts";

const target: ServiceLevelTarget = { percentile: "P95", latencyMilliseconds: 100 };
const lengths = [8, 16, 24, 48];
const rowCounts = [1, 2, 4, 8, 16];
const layouts: Layout[] = [
  { instances: 2, threadsPerInstance: 1, pinned: false, spinning: false },
  { instances: 1, threadsPerInstance: 2, pinned: false, spinning: false },
];
const naive: Layout = { instances: 1, threadsPerInstance: 2, pinned: false, spinning: true };
const variants = ["Source", "INT8Dynamic", "Optimized"] as const;
/** How long each takes, over the source. */
const costs = { Source: 1, INT8Dynamic: 0.6, Optimized: 0.97 };
const shapes = lengths.map((length) => ({ rows: 1, length, group: "0" }));
const policies: BatchPolicy[] = [1, 4, 8].map((maximumRows) => ({
  ...withoutBatching,
  maximumRows,
  maximumBatchMicroseconds: maximumRows === 1 ? withoutBatching.maximumBatchMicroseconds : 50_000,
}));

/** A recording of a machine that is only simulated: batching pays, INT8 is fastest, and all that is timed scatters. */
export function simulatedRecording(passes: number, scatter: number): Recording {
  const random = seededRandom(3);
  const tuned = variants.flatMap((variant) =>
    layouts.flatMap((layout) =>
      policies.map((policy) => ({ name: nameOf({ variant, layout, policy }), variant, layout, policy })),
    ),
  );
  const points = [
    { name: "naive-default", variant: "Source" as const, layout: naive, policy: withoutBatching },
    ...tuned,
  ];
  const capacities = points.map(({ variant, layout, policy }) => {
    const point = planPoint({ variant, layout, table: tableOf(variant, layout) }, policy);
    return simulateCapacity(point, poissonArrivals(3000, shapes, seededRandom(1)), target, {
      seed: 1,
      tolerance: 0.02,
    });
  });
  const places = [
    { variant: "Source" as const, layout: naive },
    ...tuned.filter(({ policy }) => policy.maximumRows === 1),
  ];
  const each = Array.from({ length: passes }, (_, pass) => pass);
  return {
    format: "sweetspot-recorded-truth-1",
    model: { name: "simulated", digest: `sha256:${"0".repeat(64)}` },
    recordedAt: new Date(0).toISOString(),
    machine: { cpuModel: "simulated", cpus: 2, instructionSets: [] },
    target,
    batchable: true,
    shapes: shapes.map(({ rows, length }) => [rows, length, 0]),
    starts: [1],
    points,
    tables: each.flatMap((pass) =>
      places.map(({ variant, layout }) => {
        const table = tableOf(variant, layout);
        const timings = table.cells.map(({ microseconds }) =>
          Array.from({ length: 9 }, () => microseconds * Math.exp(scatter * normal(random))),
        );
        return { pass, variant, layout, seconds: 2, ...recordedTable({ table, timings }) };
      }),
    ),
    runs: each.flatMap((pass) =>
      capacities.map((capacity, point) => runOf(pass, point, capacity * Math.exp(scatter * normal(random)), random)),
    ),
  };
}

function tableOf(variant: (typeof variants)[number], { threadsPerInstance }: Layout): CostTable {
  const factor = costs[variant] / threadsPerInstance ** 0.7;
  return {
    apiVersion,
    kind: "CostTable",
    cells: rowCounts.flatMap((rows) =>
      lengths.map((length) => ({
        rows,
        length,
        microseconds: factor * (3000 + 60 * rows * length),
        samples: 9,
      })),
    ),
    noiseFactors: [0.95, 1, 1.05],
    overhead: { perBatchMicroseconds: 200, perRequestMicroseconds: 20 },
  };
}

/** Stages below and above the edge; misses and latency rise steeply at it. */
function runOf(pass: number, point: number, capacity: number, random: Random): RecordedRun {
  const stages = [0.7, 0.93, 1.07].map((load): RecordedStage => {
    const total = Math.round(2 * load * capacity);
    const bad = Math.round(total * 0.05 * Math.exp(25 * (load - 1)));
    const latency = target.latencyMilliseconds * Math.exp(4 * (load - 1) + 0.05 * normal(random));
    return [load * capacity, 2, total, bad, latency / 4, latency / 2, latency, 1.2 * latency, 1.5 * latency, 2];
  });
  return { pass, point, reference: [1000, 1000], saturation: [8, 1.2 * capacity, 100], stages, capacity, seconds: 7 };
}
