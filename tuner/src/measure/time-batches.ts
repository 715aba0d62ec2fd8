import type { EnginePool, Tensor } from "@sweetspot/sidecar";

/** How long one shape is timed. */
export interface TimingEffort {
  readonly minimumRuns: number;
  readonly milliseconds: number;
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
