import type { EnginePool, Tensor } from "@sweetspot/sidecar";

/** How long one shape is timed. */
export interface TimingEffort {
  readonly minimumRuns: number;
  readonly milliseconds: number;
}

/** Budgets below this get a coarser table: fewer lengths, shorter timing. */
const fineBudgetSeconds = 180;
/** A shape is timed for this share of the budget, within bounds that suit a laptop's first look and a night's search. */
const tableTiming = { share: 0.002, leastMilliseconds: 40, mostMilliseconds: 400, fewestRuns: 3, usualRuns: 7 };

/** How many lengths of a table are timed within a budget, and for how long each shape. */
export function tableEffort(budgetSeconds: number): { detail: "Coarse" | "Fine"; effort: TimingEffort } {
  const { share, leastMilliseconds, mostMilliseconds, fewestRuns, usualRuns } = tableTiming;
  const milliseconds = Math.min(mostMilliseconds, Math.max(leastMilliseconds, 1000 * share * budgetSeconds));
  return {
    detail: budgetSeconds < fineBudgetSeconds ? "Coarse" : "Fine",
    effort: { minimumRuns: budgetSeconds < fineBudgetSeconds / 2 ? fewestRuns : usualRuns, milliseconds },
  };
}

/** A batch that takes this long is not worth waiting for. */
const hangLimitMilliseconds = 30_000;

/** Times of the runs of one batch, microseconds. */
export interface BatchTimes {
  /** Inside the engine process. */
  readonly engine: number[];
  /** What the server waited beyond that: framing, the socket both ways, and waking up. */
  readonly handOver: number[];
}

/**
 * Times one batch on all instances at once, because that is how they will serve: neighbours share caches and memory
 * bandwidth. One warming run per instance is not counted.
 */
export async function timeBatches(
  pool: EnginePool,
  batch: readonly Tensor[],
  outputs: readonly string[],
  effort: TimingEffort,
  now: () => number = () => performance.now(),
): Promise<BatchTimes> {
  const run = async () => (await pool.run(batch, outputs, hangLimitMilliseconds)).microseconds;
  const lanes = Array.from({ length: pool.instances });
  await Promise.all(lanes.map(run));
  const times: BatchTimes = { engine: [], handOver: [] };
  const end = now() + effort.milliseconds;
  const lane = async () => {
    for (let runs = 0; runs < effort.minimumRuns || now() < end; runs += 1) {
      const started = now();
      const engine = await run();
      times.engine.push(engine);
      times.handOver.push(Math.max(0, (now() - started) * 1000 - engine));
    }
  };
  await Promise.all(lanes.map(lane));
  return times;
}
