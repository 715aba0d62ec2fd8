import { apiVersion, type BatchPolicy, type CostCell, type CostTable } from "@sweetspot/crds";
import { CostModel } from "../cost/cost-model.ts";
import { withoutBatching } from "../search/policies.ts";
import type { SimulatedServer } from "../simulator/simulate.ts";

/** A table of any law, on a grid that reaches 16 rows and length 256. */
export function tableOf(law: (rows: number, length: number) => number, overhead = 0): CostTable {
  const cells: CostCell[] = [1, 2, 4, 8, 16].flatMap((rows) =>
    [8, 32, 128, 256].map((length) => ({ rows, length, microseconds: law(rows, length), samples: 5 })),
  );
  return {
    apiVersion,
    kind: "CostTable",
    cells,
    noiseFactors: [1],
    overhead: { perBatchMicroseconds: overhead, perRequestMicroseconds: 0 },
  };
}

/** `2300 + 1000 b` microseconds whatever the length: the queue of the verdict's measurements. */
export const linearLaw = (rows: number): number => 2300 + 1000 * rows;

export function serverOf(law: (rows: number, length: number) => number, policy: Partial<BatchPolicy>, instances = 1) {
  return {
    instances,
    threadsPerInstance: 1,
    policy: { ...withoutBatching, ...policy },
    cost: CostModel.fromTable(tableOf(law)),
    noiseFactors: [1],
  } satisfies SimulatedServer;
}
