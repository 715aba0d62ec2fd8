import { parseArgs } from "node:util";
import { type TruthModelName, truthModelNames, truthRequest } from "./models.ts";
import { prepareModel } from "./prepare.ts";
import { recordModel } from "./record-model.ts";
import { readRecording } from "./recording.ts";

const usage = `Usage: npm run bench -- truth [--slice SECONDS] [--only ${truthModelNames.join(",")}] [--prepare]`;

/**
 * `npm run bench -- truth`: goes on with the recordings, a pass at a time of the model that has the fewest, until the
 * slice is over. `--prepare` only makes the variants.
 */
export async function benchTruth(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      slice: { type: "string", default: "360" },
      only: { type: "string" },
      prepare: { type: "boolean", default: false },
    },
  });
  const end = performance.now() + 1000 * Number(values.slice);
  const chosen = values.only?.split(",") ?? truthModelNames;
  if (!(Number(values.slice) > 0) || !chosen.every(isTruthModel)) throw new Error(usage);
  const names = await byPasses(chosen as TruthModelName[]);
  for (const name of names) {
    const request = await truthRequest(name);
    if (request === null) {
      console.error(`${name} is left out: its package is not installed.`);
      continue;
    }
    console.error(name);
    const prepared = await prepareModel(request);
    if (!values.prepare) await recordModel(name, prepared, () => performance.now() < end);
    if (!values.prepare && performance.now() >= end) return;
  }
}

const isTruthModel = (name: string): boolean => truthModelNames.some((known) => known === name);

/** Those with the fewest runs first. */
async function byPasses(names: readonly TruthModelName[]): Promise<TruthModelName[]> {
  const counted = await Promise.all(
    names.map(async (name) => ({ name, runs: (await readRecording(name))?.runs.length ?? 0 })),
  );
  return counted.sort((a, b) => a.runs - b.runs).map(({ name }) => name);
}
