import type { CostTable } from "@sweetspot/crds";
import { CostModel, cutByCost, seededRandom } from "@sweetspot/planner";
import { type RawBatches, type RawModel, RawOnnxRuntime } from "../raw-onnxruntime.ts";

const windowRequests = 64;
const unlimited = 1_000_000_000;
/** Largest batches that are tried: past some size a bigger batch is slower, and the table ends there too. */
const rowCaps = [8, 16, 32];

/** Raw engines on batches that were cut beforehand. */
interface OfflineRun {
  readonly rows: number;
  readonly raw: RawOnnxRuntime;
}

/**
 * What batching could give at most: requests of the workload in windows of 64, each cut by dynamic programming over the
 * measured table, run by raw engines that never wait. The best of a few caps on rows; the caller closes it.
 */
export async function startOfflineOptimum(
  model: RawModel,
  table: CostTable,
  lengths: readonly number[],
  engines: number,
): Promise<OfflineRun> {
  let best: OfflineRun | undefined;
  let bestRate = 0;
  for (const rows of rowCaps) {
    const run: OfflineRun = { rows, raw: await startCut(model, table, lengths, engines, rows) };
    const rate = await run.raw.rowsPerSecond(1);
    console.error(`  offline, at most ${rows} rows: ${rate.toFixed(0)}/s`);
    if (rate > bestRate) {
      best?.raw.close();
      [best, bestRate] = [run, rate];
    } else run.raw.close();
  }
  return best as OfflineRun;
}

/** The same without batching: every request alone. */
export const startOfflineSingle = (model: RawModel, table: CostTable, lengths: readonly number[], engines: number) =>
  startCut(model, table, lengths, engines, 1);

function startCut(
  model: RawModel,
  table: CostTable,
  lengths: readonly number[],
  engines: number,
  maximumRows: number,
): Promise<RawOnnxRuntime> {
  const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  const cost = CostModel.fromTable({ ...table, overhead });
  const work = Array.from({ length: engines }, (_, engine) =>
    windowsOf(shuffled(lengths, engine)).flatMap((window) => cutWindow(window, maximumRows, cost)),
  );
  return RawOnnxRuntime.start(model, 1, work);
}

/** Each engine has all requests once, in an order of its own. */
function shuffled(lengths: readonly number[], seed: number): number[] {
  const random = seededRandom(seed);
  return lengths
    .map((length) => ({ length, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ length }) => length);
}

const windowsOf = (lengths: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(lengths.length / windowRequests) }, (_, i) =>
    lengths.slice(i * windowRequests, (i + 1) * windowRequests),
  );

function cutWindow(window: readonly number[], maximumRows: number, cost: CostModel): RawBatches {
  const sorted = window
    .toSorted((a, b) => a - b)
    .map((length) => ({ arrival: 0, deadline: Number.POSITIVE_INFINITY, rows: 1, length, group: "" }));
  const limits = { maximumRows, maximumBatchMicroseconds: unlimited };
  return cutByCost(sorted, limits, cost).map(([from, to]) => sorted.slice(from, to).map(({ length }) => length));
}
