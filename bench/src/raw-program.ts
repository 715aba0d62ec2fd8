import { seededRandom } from "@sweetspot/planner";
import { assembleBatch, describeModel, synthesiseRow } from "@sweetspot/sidecar";
import { DirectModel } from "@sweetspot/test";

/**
 * Runs one model as fast as it goes, with nothing around it: `raw-program.ts FILE OUTPUT THREADS BATCHES`, where BATCHES
 * is a JSON list of batches, each the list of its rows' lengths; a batch is padded to its longest. For each number of
 * seconds that its parent sends, it runs all batches again and again, at least so long, and answers with rows per second.
 */
const [file = "", output = "", threads = "1", batches = "[]"] = process.argv.slice(2);
const signature = await describeModel(file);
const random = seededRandom(1);
const padding = {
  inputs: signature.inputs.map(({ name }) => ({ name, axis: 1, value: 0 })),
  outputs: [],
  tolerance: 0,
};
const assembled = (JSON.parse(batches) as number[][]).map((lengths) =>
  assembleBatch(
    lengths.map((length) => ({ inputs: synthesiseRow(signature, length, random), rows: 1, length })),
    padding,
  ),
);
const rowsPerPass = assembled.reduce((sum, { rows }) => sum + rows, 0);
const model = await DirectModel.load(file, Number(threads));
for (const { inputs } of assembled.slice(0, 1)) await model.run(inputs, output);
process.send?.("ready");

process.on("message", async (seconds: number) => {
  const started = performance.now();
  let passes = 0;
  // Whole passes only, so that each run does the same mix of work.
  do {
    for (const { inputs } of assembled) await model.run(inputs, output);
    passes += 1;
  } while (performance.now() - started < seconds * 1000);
  process.send?.((passes * rowsPerPass * 1000) / (performance.now() - started));
});
process.once("disconnect", () => process.exit(0));
