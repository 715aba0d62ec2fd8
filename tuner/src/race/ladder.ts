import { badRequests, type LoadStage, type Percentile, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { fewestMissesToFail } from "@sweetspot/planner";

/** The rungs of one round, as shares of the rate that is believed to be the capacity. */
const rungs = [0.6, 0.75, 0.87, 1, 1.15, 1.35];

/** Offered rates of one round, ascending, around a guess of the capacity (requests per second). */
export const ladderAround = (guess: number): number[] => rungs.map((share) => share * guess);

const percentileKey = {
  P50: "p50",
  P90: "p90",
  P95: "p95",
  P99: "p99",
  P999: "p999",
} as const satisfies Record<Percentile, keyof LoadStage["latencyMilliseconds"]>;

/** Latency of a stage at the target's percentile, milliseconds; infinite when nothing was answered. */
export const latencyOf = (stage: LoadStage, percentile: Percentile): number =>
  stage.latencyMilliseconds[percentileKey[percentile]] ?? Number.POSITIVE_INFINITY;

/** A rung fails on so many misses as a system that just keeps its target shows in one run of ten. */
const failConfidence = 0.9;

/**
 * Did the stage keep the target, as far as so short a stage can tell? Refused and failed requests are misses, so
 * shedding load does not help. One slow moment of the machine must not end a climb, hence more misses than chance.
 */
export function keepsTarget({ counts }: Pick<LoadStage, "counts">, target: ServiceLevelTarget): boolean {
  return badRequests(counts) < fewestMissesToFail(counts.total, 1 - shareOf(target.percentile), failConfidence);
}

/**
 * Capacity under the target from the stages of one round, in ascending rate: between the last rung that kept the target
 * before the first that missed it, and that one; where latency, which rises steeply there, crosses the target on a
 * logarithmic scale. All rungs kept: the highest (capacity is at least that). None kept: below the lowest, guessed from
 * how far it overshot.
 */
export function capacityOf(stages: readonly LoadStage[], target: ServiceLevelTarget): number {
  const missed = stages.findIndex((stage) => !keepsTarget(stage, target));
  if (missed === -1) return stages.at(-1)?.offeredRequestsPerSecond ?? 0;
  const above = stages[missed] as LoadStage;
  const below = stages[missed - 1];
  if (below === undefined) return above.offeredRequestsPerSecond * overshoot(above, target);
  const [low, high] = [below, above].map((stage) => Math.log(latencyOf(stage, target.percentile)));
  const share = (Math.log(target.latencyMilliseconds) - (low as number)) / ((high as number) - (low as number)) || 0;
  const step = above.offeredRequestsPerSecond - below.offeredRequestsPerSecond;
  return below.offeredRequestsPerSecond + Math.min(1, Math.max(0, share)) * step;
}

/** Half the rate at worst: the next round looks there. */
function overshoot(stage: LoadStage, target: ServiceLevelTarget): number {
  return Math.max(0.5, Math.min(0.95, target.latencyMilliseconds / latencyOf(stage, target.percentile)));
}
