import type { BatchPolicy, CostTable } from "@sweetspot/crds";
import { CostModel, formBatch, normal, type QueuedRequest, seededRandom, withoutBatching } from "@sweetspot/planner";
import { summaryOf } from "./rounds.ts";
import { type ResultRow, writeResult } from "./write-result.ts";

const rounds = 15;
const decisions = 2000;
const queuesPerDepth = 64;
/** Far below the time of any batch that is worth a server. */
const mostMicroseconds = 100;

interface Series {
  readonly depth: number;
  readonly former: BatchPolicy["former"];
  /** CPU microseconds of one decision, by round. */
  readonly microseconds: number[];
}

/** What one decision of the batch former costs, by the number of requests that wait, on texts of mixed lengths. */
export async function benchScheduler(): Promise<void> {
  const cost = CostModel.fromTable(transformerTable());
  const series: Series[] = [1, 2, 4, 8, 16, 64, 256].flatMap((depth) =>
    (["CostTable", "Fifo"] as const).map((former) => ({ depth, former, microseconds: [] })),
  );
  const queues = new Map(series.map(({ depth }) => [depth, mixedQueues(depth)]));
  // Interleaved, so that a machine that changes speed changes it for all.
  for (let round = 0; round < rounds; round += 1) {
    for (const { depth, former, microseconds } of series) {
      const policy = { ...withoutBatching, former, maximumRows: 8, windowRequests: Math.max(64, depth) };
      microseconds.push(timeDecisions(queues.get(depth) as QueuedRequest[][], policy, cost));
    }
  }
  await writeResult("scheduler", series.map(rowOf), { rounds, decisions, series });
}

/** CPU time and not the clock's: a neighbour that takes the CPU away is not the former's. */
function timeDecisions(queues: readonly (readonly QueuedRequest[])[], policy: BatchPolicy, cost: CostModel): number {
  const start = process.cpuUsage();
  for (let i = 0; i < decisions; i += 1) {
    const decision = formBatch(queues[i % queues.length] as QueuedRequest[], 0, 1, policy, cost);
    if (decision.kind !== "Dispatch") throw new Error(`the former answered ${decision.kind} to a full queue`);
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / decisions;
}

function rowOf({ depth, former, microseconds }: Series): ResultRow {
  // The first rounds are the compiler's.
  const warm = microseconds.slice(Math.floor(rounds / 3));
  const waiting = depth === 1 ? "1 request waits" : `${depth} requests wait`;
  return {
    measure: `microseconds of a decision, ${former}, ${waiting}`,
    ratio: summaryOf(warm),
    wanted: 0,
    atMost: mostMicroseconds,
  };
}

function mixedQueues(depth: number): QueuedRequest[][] {
  const random = seededRandom(depth);
  const lengthOf = () => Math.max(4, Math.min(256, Math.round(Math.exp(3.2 + 0.7 * normal(random)))));
  return Array.from({ length: queuesPerDepth }, () =>
    Array.from({ length: depth }, (_, arrival) => {
      return { arrival, deadline: Number.POSITIVE_INFINITY, rows: 1, length: lengthOf(), group: "" };
    }),
  );
}

/** A small transformer: a fixed part, a part per row, one per token and a little for attention. */
function transformerTable(): CostTable {
  const law = (rows: number, length: number) => 300 + 40 * rows + 18 * rows * length * (1 + length / 1000);
  const cells = [1, 2, 4, 8, 16].flatMap((rows) =>
    [8, 32, 128, 256].map((length) => ({ rows, length, microseconds: law(rows, length), samples: 5 })),
  );
  const overhead = { perBatchMicroseconds: 60, perRequestMicroseconds: 5 };
  return { apiVersion: "sweetspot.dev/v1alpha1", kind: "CostTable", cells, noiseFactors: [1], overhead };
}
