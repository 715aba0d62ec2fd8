import { seededRandom } from "@sweetspot/planner";
import { assembleBatch, describeModel, synthesiseRow } from "@sweetspot/sidecar";
import { DirectModel } from "@sweetspot/test";

/**
 * Runs one model as fast as it goes, with nothing around it: `raw-program.ts FILE OUTPUT THREADS ROWS LENGTH`. For each
 * number of seconds that its parent sends, it runs so long and answers with rows per second.
 */
const [file = "", output = "", threads = "1", rows = "1", length = "1"] = process.argv.slice(2);
const signature = await describeModel(file);
const row = synthesiseRow(signature, Number(length), seededRandom(1));
const member = { inputs: row, rows: 1, length: Number(length) };
const batch = assembleBatch(new Array(Number(rows)).fill(member), undefined);
const model = await DirectModel.load(file, Number(threads));
await model.run(batch.inputs, output);
process.send?.("ready");

process.on("message", async (seconds: number) => {
  const started = performance.now();
  let batches = 0;
  while (performance.now() - started < seconds * 1000) {
    await model.run(batch.inputs, output);
    batches += 1;
  }
  process.send?.((batches * Number(rows) * 1000) / (performance.now() - started));
});
process.once("disconnect", () => process.exit(0));
