import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { sixDigits } from "@sweetspot/bench";
import { describeEnvironment } from "@sweetspot/tuner";
import { measureHolds, type ProofOutcome, proofHolds } from "./proof.ts";

const folder = fileURLToPath(new URL("../results", import.meta.url));

/** Writes figures, bounds, raw data and the machine that they were measured on into `proof/results/NAME.json`. */
export async function writeResult(name: string, outcome: ProofOutcome): Promise<void> {
  const document = {
    proof: name,
    measuredAt: new Date().toISOString(),
    environment: await describeEnvironment(),
    holds: proofHolds(outcome),
    measures: outcome.measures.map((measure) => ({ ...measure, holds: measureHolds(measure) })),
    raw: outcome.raw,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${name}.json`, `${JSON.stringify(document, sixDigits, 1)}\n`);
}
