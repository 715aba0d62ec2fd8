import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { BatchPolicy, Drift, Layout, ServiceLevelTarget, ServingOverhead, Stalls } from "@sweetspot/crds";
import * as z from "zod";
import type { TruthModelName } from "./models.ts";

const folder = fileURLToPath(new URL("../../results", import.meta.url));
const some = z.number().nonnegative();
const more = z.number().positive();
const count = z.int().min(0);
const Count = z.int().min(1);

/** One timed table `s(b, L)` of a variant in a layout, as the tuner measures it. */
const RecordedTable = z.object({
  pass: count,
  variant: z.string(),
  layout: Layout,
  /** What it took, the start of its engines included. */
  seconds: more,
  /** Rows, length, times taken, and of these minimum, quartiles and maximum; microseconds. */
  cells: z.array(z.tuple([Count, Count, Count, some, some, more, some, some])).min(1),
  noiseFactors: z.array(more).min(1),
  stalls: Stalls.optional(),
  drift: Drift.optional(),
  overhead: ServingOverhead,
});
export type RecordedTable = z.infer<typeof RecordedTable>;

/**
 * One stage of load on a real server: requests per second, seconds, requests, those late, refused, expired or failed,
 * p50, p90, p95, p99 and maximum of the latency (milliseconds, null where nothing was answered), and the seconds that it
 * took with its draining.
 */
const RecordedStage = z.tuple([
  more,
  more,
  count,
  count,
  some.nullable(),
  some.nullable(),
  some.nullable(),
  some.nullable(),
  some.nullable(),
  more,
]);
export type RecordedStage = z.infer<typeof RecordedStage>;

/** One visit of one point of the grid. */
const RecordedRun = z.object({
  pass: count,
  /** Index into `points`. */
  point: count,
  /** Mean time of the reference before and after, microseconds: how fast the machine was. */
  reference: z.tuple([more, more]),
  /** At saturation: closed-loop clients, answers per second, CPU time of front and load generator per request, microseconds. */
  saturation: z.tuple([Count, more, some.nullable()]),
  /** One at 70 % of the expected capacity, and then the climb of the race. */
  stages: z.array(RecordedStage).min(1),
  /** Where the climb found the edge, requests per second. */
  capacity: some,
  /** All of the visit. */
  seconds: more,
});
export type RecordedRun = z.infer<typeof RecordedRun>;

/** Speeds of a model on one machine: every point of a grid, again and again. */
export const Recording = z.object({
  format: z.literal("sweetspot-recorded-truth-1"),
  model: z.object({ name: z.string(), digest: z.string() }),
  recordedAt: z.iso.datetime(),
  machine: z.object({ cpuModel: z.string(), cpus: Count, instructionSets: z.array(z.string()) }),
  target: ServiceLevelTarget,
  batchable: z.boolean(),
  /** Rows and length of each sample, and the number of its group. */
  shapes: z.array(z.tuple([Count, Count, count])),
  /** Seconds that servers with their engines took to start. */
  starts: z.array(more),
  points: z.array(z.object({ name: z.string(), variant: z.string(), layout: Layout, policy: BatchPolicy })),
  tables: z.array(RecordedTable),
  runs: z.array(RecordedRun),
});
export type Recording = z.infer<typeof Recording>;

const fileOf = (name: TruthModelName): string => `${folder}/truth-${name}.json`;

/** Null where nothing has been recorded yet. */
export async function readRecording(name: TruthModelName): Promise<Recording | null> {
  const file = fileOf(name);
  return existsSync(file) ? Recording.parse(JSON.parse(await readFile(file, "utf8"))) : null;
}

/** One line for each point, table and run, numbers with four digits: small enough to be kept with the sources. */
export async function writeRecording(name: TruthModelName, recording: Recording): Promise<void> {
  const lines = Object.entries(recording).map(([key, value]) => `${JSON.stringify(key)}: ${entry(value)}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${fileOf(name)}.new`, `{\n${lines.join(",\n")}\n}\n`);
  await rename(`${fileOf(name)}.new`, fileOf(name));
}

const entry = (value: unknown): string =>
  Array.isArray(value) && !Array.isArray(value[0]) && typeof value[0] === "object"
    ? `[\n${value.map(compact).join(",\n")}\n]`
    : compact(value);

const compact = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === "number" ? rounded(each) : each));

const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));
