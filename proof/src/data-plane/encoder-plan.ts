import { apiVersion, type CostCell, type CostTable, type ServingPlan } from "@sweetspot/crds";
import { median, seededRandom } from "@sweetspot/planner";
import {
  assembleBatch,
  createEnginePool,
  describeModel,
  type ModelSignature,
  safePlan,
  synthesiseRow,
  type Tensor,
} from "@sweetspot/sidecar";
import { minilmModel, minilmTensors } from "@sweetspot/test";

export const target = { percentile: "P99", latencyMilliseconds: 200 } as const;
const hangMilliseconds = 30_000;

/** MiniLM-L3 as a sentence encoder, one engine process per CPU, batched and padded by a table that is measured here. */
export async function encoderPlan(): Promise<{ plan: ServingPlan; signature: ModelSignature }> {
  const file = minilmModel();
  if (file === null) throw new Error("This proof needs the MiniLM package: run `npm run setup` with Python 3.11.");
  const safe = await safePlan(file, "encoder", target, 1);
  const unmeasured: ServingPlan = {
    ...safe,
    revision: "proof",
    outputs: [minilmTensors.embedding],
    layout: { instances: 2, threadsPerInstance: 1, pinned: false, spinning: false },
    padding: {
      inputs: [minilmTensors.ids, minilmTensors.mask].map((name) => ({ name, axis: 1, value: 0 })),
      outputs: [],
      tolerance: 1e-3,
    },
    batching: { ...safe.batching, former: "CostTable", maximumRows: 8, maximumBatchMicroseconds: 50_000 },
  };
  const signature = await describeModel(file);
  const costTable = await measureCosts(unmeasured, signature, [1, 2, 4, 8], [8, 16, 32, 64, 128]);
  return { plan: { ...unmeasured, costTable }, signature };
}

/** Median engine time of each shape, with all instances running at once, as they will serve. */
export async function measureCosts(
  { artifact, layout, outputs = [] }: ServingPlan,
  signature: ModelSignature,
  rows: readonly number[],
  lengths: readonly number[],
): Promise<CostTable> {
  const pool = await createEnginePool({ engine: artifact.engine, file: artifact.file, layout });
  const cells: CostCell[] = [];
  for (const length of lengths) {
    for (const b of rows) {
      const { inputs } = assembleBatch(Array(b).fill({ inputs: rowOf(signature, length), rows: 1, length }), undefined);
      const times: number[] = [];
      const lane = async () => {
        const end = performance.now() + 300;
        for (let run = 0; run < 4 || performance.now() < end; run += 1) {
          const { microseconds } = await pool.run(inputs, outputs, hangMilliseconds);
          if (run > 0) times.push(microseconds);
        }
      };
      await Promise.all(Array.from({ length: pool.instances }, lane));
      cells.push({ rows: b, length, microseconds: median(times), samples: times.length });
    }
  }
  await pool.close(0);
  const overhead = { perBatchMicroseconds: 200, perRequestMicroseconds: 50 };
  return { apiVersion, kind: "CostTable", cells, noiseFactors: [0.95, 1, 1.1], overhead };
}

/** One made-up text of so many tokens. */
export const rowOf = (signature: ModelSignature, length: number, seed = 1): readonly Tensor[] =>
  synthesiseRow(signature, length, seededRandom(seed));
