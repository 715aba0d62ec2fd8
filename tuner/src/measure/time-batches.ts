import type { EnginePool, Tensor } from "@sweetspot/sidecar";

/** How long one shape is timed. */
export interface TimingEffort {
  readonly minimumRuns: number;
  readonly milliseconds: number;
}

/** A batch that takes this long is not worth waiting for. */
const hangLimitMilliseconds = 30_000;

/**
 * Times one batch on all instances at once, because that is how they will serve: neighbours share caches and memory
 * bandwidth. Returns the engine's own times in microseconds, without one warming run per instance.
 */
export async function timeBatches(
  pool: EnginePool,
  batch: readonly Tensor[],
  outputs: readonly string[],
  effort: TimingEffort,
  now: () => number = () => performance.now(),
): Promise<number[]> {
  const run = async () => (await pool.run(batch, outputs, hangLimitMilliseconds)).microseconds;
  const lanes = Array.from({ length: pool.instances });
  await Promise.all(lanes.map(run));
  const times: number[] = [];
  const end = now() + effort.milliseconds;
  const lane = async () => {
    for (let runs = 0; runs < effort.minimumRuns || now() < end; runs += 1) times.push(await run());
  };
  await Promise.all(lanes.map(lane));
  return times;
}
