import { createEnginePool } from "@sweetspot/sidecar";
import type { TableBench, TableBenchSetup } from "../instruments.ts";
import { measureTable, type Representative } from "./measure-table.ts";
import { refiningSamples, representativeSamples } from "./representatives.ts";
import { engineSettingsOf, openSingleEngine } from "./single-engine.ts";
import { tableEffort, timeBatches } from "./time-batches.ts";

/** Times tables on real engines, beside a reference engine that stays open. */
export async function openTableBench(setup: TableBenchSetup): Promise<TableBench> {
  const { model, budgetSeconds, targetMilliseconds, checkpoint } = setup;
  const reference = await openSingleEngine(model.source.file);
  const { detail, effort } = tableEffort(budgetSeconds);
  const lengths = model.shapes.map(({ length }) => length);
  const rowOf = (index: number): Representative => ({
    inputs: model.samples.samples[index]?.inputs ?? [],
    length: lengths[index] as number,
  });
  const chosen = representativeSamples(lengths, detail);
  const representatives = chosen.map(rowOf);
  const refinements = detail === "Fine" ? refiningSamples(lengths, chosen).map(rowOf) : [];
  const middle = representatives[Math.floor((representatives.length - 1) / 2)] as Representative;
  const common = {
    reference: async () =>
      (await timeBatches(reference, middle.inputs, model.outputs, { minimumRuns: 5, milliseconds: 40 })).engine,
    references: [],
    representatives,
    refinements,
    outputs: model.outputs,
    targetMicroseconds: targetMilliseconds * 1000,
    effort,
    checkpoint,
  };
  return {
    async measure({ variant, file }, layout, batchable) {
      const pool = await createEnginePool({ ...engineSettingsOf(variant), file, layout });
      try {
        return await measureTable({ ...common, pool, batchable });
      } finally {
        await pool.close();
      }
    },
    [Symbol.asyncDispose]: () => reference.close(),
  };
}
