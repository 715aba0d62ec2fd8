import type { CostTable, ServingPlan } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import {
  createEnginePool,
  type EnginePool,
  type ModelSignature,
  requestShaper,
  synthesiseRow,
} from "@sweetspot/sidecar";
import { measureTable, type TableMeasurement, type TableSetup } from "./measure-table.ts";
import { timeBatches } from "./time-batches.ts";

type Row = TableSetup["representatives"][number];

/** Sizes of the variable axes that are tried; a model takes those that it was made for. */
const sizes = [8, 16, 32, 64, 128, 256];
const unvaried = [1];
const effort = { minimumRuns: 3, milliseconds: 60 };
const trialMilliseconds = 10_000;

/**
 * Measures the cost table of a plan whose engine is another server, with made-up rows and so many batches at once as the plan has
 * instances, in a few seconds. What it measures is the whole way there and back. Null where the server takes no made-up row, or the
 * machine was too disturbed.
 * Rejects with `EngineFailure`.
 */
export async function measureUpstream(
  plan: ServingPlan,
  signature: ModelSignature,
  signal: AbortSignal,
): Promise<CostTable | null> {
  const { artifact, layout, batching, serviceLevel } = plan;
  const pool = await createEnginePool({ ...artifact, layout });
  try {
    const outputs = signature.outputs.map(({ name }) => name);
    const representatives = await acceptedRows(pool, signature, plan, signal);
    const middle = representatives[Math.floor((representatives.length - 1) / 2)];
    if (middle === undefined) return null;
    const measured = await measureTable({
      pool,
      representatives,
      outputs,
      effort,
      reference: async () =>
        (await timeBatches(pool, middle.inputs, outputs, { minimumRuns: 5, milliseconds: 30 })).engine,
      batchable: batching.maximumRows > 1,
      targetMicroseconds: serviceLevel.latencyMilliseconds * 1000,
      checkpoint: () => signal.throwIfAborted(),
    });
    return canBeTrusted(measured) ? measured.table : null;
  } finally {
    await pool.close(0);
  }
}

/** A table of a disturbed machine may say that batches do not pay, and nothing later would contradict it; none is better then. */
export const canBeTrusted = ({ table, contaminatedCells }: TableMeasurement): boolean =>
  2 * contaminatedCells <= table.cells.length;

/** Ascending in length; a longer row is not tried after one that the server refused. */
async function acceptedRows(
  pool: EnginePool,
  signature: ModelSignature,
  { padding }: ServingPlan,
  signal: AbortSignal,
): Promise<Row[]> {
  const random = seededRandom(1);
  const shape = requestShaper(signature, padding);
  const outputs = signature.outputs.map(({ name }) => name);
  const axes = Math.max(0, ...signature.inputs.map(({ shape }) => shape.slice(1).filter((size) => size === -1).length));
  const rows: Row[] = [];
  for (const size of axes === 0 ? unvaried : sizes) {
    signal.throwIfAborted();
    const inputs = synthesiseRow(signature, size, random);
    try {
      await pool.run(inputs, outputs, trialMilliseconds);
    } catch {
      return rows;
    }
    rows.push({ inputs, length: shape(inputs).length });
  }
  return rows;
}
