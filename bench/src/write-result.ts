import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describeEnvironment } from "@sweetspot/tuner";
import { machineOf } from "./machine.ts";
import type { RatioSummary } from "./rounds.ts";

/** One line of a benchmark: a ratio, and the least that is wanted of it. */
export interface ResultRow {
  readonly measure: string;
  readonly ratio: RatioSummary | null;
  readonly wanted: number;
  /** Set where too much is as bad as too little. */
  readonly atMost?: number;
}

const folder = fileURLToPath(new URL("../results", import.meta.url));

/** Prints a benchmark's table and writes it, with the raw rounds and the environment, into `bench/results`. */
export async function writeResult(name: string, rows: readonly ResultRow[], raw: unknown): Promise<void> {
  const environment = await describeEnvironment();
  const table = tableOf(rows);
  console.log(`\n${table}`);
  await mkdir(folder, { recursive: true });
  const document = { benchmark: name, measuredAt: new Date().toISOString(), environment, rows, raw };
  await writeFile(`${folder}/${name}.json`, `${JSON.stringify(document, sixDigits, 1)}\n`);
  const title = `# npm run bench -- ${name}\n\n${machineOf(environment)}.`;
  await writeFile(`${folder}/${name}.md`, `${title}\n\n${table}\n`);
}

/** For `JSON.stringify`: more digits than that no measurement has. */
export const sixDigits = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

/** Rows as a Markdown table. */
export function tableOf(rows: readonly ResultRow[]): string {
  const head = "| measure | median | range | valid rounds | wanted | holds |\n|---|---|---|---|---|---|";
  return [head, ...rows.map(lineOf)].join("\n");
}

function lineOf({ measure, ratio, wanted, atMost }: ResultRow): string {
  const bound = atMost === undefined ? `>= ${wanted}` : `${wanted} to ${atMost}`;
  if (ratio === null) return `| ${measure} | - | - | 0 | ${bound} | no valid round |`;
  const holds = ratio.median >= wanted && ratio.median <= (atMost ?? Number.POSITIVE_INFINITY);
  const range = `${ratio.minimum.toFixed(2)} to ${ratio.maximum.toFixed(2)}`;
  return `| ${measure} | ${ratio.median.toFixed(2)} | ${range} | ${ratio.rounds} | ${bound} | ${holds ? "yes" : "no"} |`;
}
