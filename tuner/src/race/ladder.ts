import { badRequests, type LoadStage, type Percentile, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { fewestMissesToFail } from "@sweetspot/planner";

/** The step from one offered rate to the next, up or down. */
const step = 1.15;
/** A climb that has not found the edge after so many rungs takes up from there in the next round. */
const mostRungs = 5;

/**
 * The rate to offer next in one round, or null when the edge is found: from a guess of the capacity upwards while the
 * target is kept, or downwards until it is. Requests per second.
 */
export function nextRung(stages: readonly LoadStage[], guess: number, target: ServiceLevelTarget): number | null {
  const rates = stages.map(({ offeredRequestsPerSecond }) => offeredRequestsPerSecond);
  if (rates.length === 0) return guess;
  const kept = stages.map((stage) => keepsTarget(stage, target));
  if (new Set(kept).size > 1 || rates.length >= mostRungs) return null;
  return kept[0] ? Math.max(...rates) * step : Math.min(...rates) / step;
}

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
 * Capacity under the target from the stages of one round: between the last rate that kept the target before the first
 * that missed it, and that one; where latency, which rises steeply there, crosses the target on a logarithmic scale. All
 * kept: the highest (capacity is at least that). None kept: below the lowest, guessed from how far it overshot.
 */
export function capacityOf(stages: readonly LoadStage[], target: ServiceLevelTarget): number {
  const ascending = stages.toSorted((a, b) => a.offeredRequestsPerSecond - b.offeredRequestsPerSecond);
  const missed = ascending.findIndex((stage) => !keepsTarget(stage, target));
  if (missed === -1) return ascending.at(-1)?.offeredRequestsPerSecond ?? 0;
  const above = ascending[missed] as LoadStage;
  const below = ascending[missed - 1];
  if (below === undefined) return above.offeredRequestsPerSecond * overshoot(above, target);
  const [low, high] = [below, above].map((stage) => Math.log(latencyOf(stage, target.percentile))) as [number, number];
  const share = (Math.log(target.latencyMilliseconds) - low) / (high - low) || 0;
  const gap = above.offeredRequestsPerSecond - below.offeredRequestsPerSecond;
  return below.offeredRequestsPerSecond + Math.min(1, Math.max(0, share)) * gap;
}

/** Half the rate at worst: the next round looks there. */
function overshoot(stage: LoadStage, target: ServiceLevelTarget): number {
  return Math.max(0.5, Math.min(0.95, target.latencyMilliseconds / latencyOf(stage, target.percentile)));
}
