import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Environment } from "@sweetspot/crds";
import { describeEnvironment } from "@sweetspot/tuner";
import * as z from "zod";
import { machineOf } from "../machine.ts";
import { sixDigits } from "../write-result.ts";

const folder = fileURLToPath(new URL("../../results", import.meta.url));
const file = `${folder}/peers.json`;

const Setting = z.record(z.string(), z.union([z.number(), z.boolean()]));

/** The grid of one server on one workload: answers per second of each setting, or why there were none. */
const Grid = z.object({
  measuredAt: z.string(),
  best: Setting,
  tried: z.array(z.object({ setting: Setting, rate: z.number().nullable(), reason: z.string().optional() })),
});
export type Grid = z.infer<typeof Grid>;

const RoundFigures = z.object({
  round: z.int(),
  before: z.number(),
  after: z.number(),
  void: z.boolean(),
  figures: z.record(z.string(), z.number()),
});

const Saturation = z.object({ measuredAt: z.string(), raw: Setting, rounds: z.array(RoundFigures) });
export type Saturation = z.infer<typeof Saturation>;

const Capacity = z.object({
  measuredAt: z.string(),
  targetMilliseconds: z.number(),
  /** Highest rate of any policy in simulation on the measured table, requests per second: engines alone. */
  simulated: z.number(),
  /** The same with what the front and the clients take of the CPUs, as calibrated. */
  predicted: z.number(),
  /** What ran: the policy that was predicted best. */
  policy: z.record(z.string(), z.union([z.number(), z.string()])),
  /** Rows per second of the raw engines that bracket the rounds, when the table was measured. */
  yardstickThen: z.number(),
  rounds: z.array(RoundFigures),
});
export type Capacity = z.infer<typeof Capacity>;

/** All that was measured, by what; `bench/results/peers.json`. */
const PeerResults = z.object({
  benchmark: z.literal("peers"),
  environment: Environment,
  /** By `WORKLOAD SERVER`. */
  grids: z.record(z.string(), Grid),
  /** By `WORKLOAD PEER`; the peer `own` is a comparison with raw engines and own other policies only. */
  saturation: z.record(z.string(), Saturation),
  /** By peer. */
  capacity: z.record(z.string(), Capacity),
  /** Why a peer could not be measured. */
  unavailable: z.record(z.string(), z.string()),
});
export type PeerResults = z.infer<typeof PeerResults>;
export type Measured = Pick<PeerResults, "saturation" | "capacity">;

/** What is committed, where it was measured on such a machine; else nothing yet. */
export async function readResults(): Promise<PeerResults> {
  const environment = await describeEnvironment();
  const stored = existsSync(file) ? PeerResults.parse(JSON.parse(await readFile(file, "utf8"))) : null;
  if (stored !== null && machineOf(stored.environment) === machineOf(environment)) return { ...stored, environment };
  return { benchmark: "peers", environment, grids: {}, saturation: {}, capacity: {}, unavailable: {} };
}

/** Writes the results and `table`, in Markdown, beside them. */
export async function writeResults(results: PeerResults, table: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(results, sixDigits, 1)}\n`);
  await writeFile(`${folder}/peers.md`, table);
}
