import { badRequests, type LoadStage, type Percentile, type ServiceLevelTarget, shareOf } from "@sweetspot/crds";
import { fewestMissesToFail } from "@sweetspot/planner";

/** What a stage of load says of its rate. */
type Rung = Pick<LoadStage, "offeredRequestsPerSecond" | "counts" | "latencyMilliseconds">;

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
export const latencyOf = (stage: Pick<LoadStage, "latencyMilliseconds">, percentile: Percentile): number =>
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
 * that missed it, and that one; where the odds of a miss, which rise steeply there, cross those that the target allows, on a
 * logarithmic scale. All kept: the highest (capacity is at least that). None kept: below the lowest, guessed from how far it
 * overshot.
 *
 * Misses and not latency, because a server that refuses what it could not answer in time answers the rest within the target at any rate.
 */
export function edgeOf(stages: readonly Rung[], target: ServiceLevelTarget): number {
  const ascending = stages.toSorted((a, b) => a.offeredRequestsPerSecond - b.offeredRequestsPerSecond);
  const missed = ascending.findIndex((stage) => !keepsTarget(stage, target));
  if (missed === -1) return ascending.at(-1)?.offeredRequestsPerSecond ?? 0;
  const above = ascending[missed] as Rung;
  const below = ascending[missed - 1];
  if (below === undefined) return above.offeredRequestsPerSecond * overshoot(above, target);
  const allowed = 1 - shareOf(target.percentile);
  const [low, high] = [logOddsOfMiss(below), logOddsOfMiss(above)];
  const share = (Math.log(allowed / (1 - allowed)) - low) / (high - low) || 0;
  const gap = above.offeredRequestsPerSecond - below.offeredRequestsPerSecond;
  return below.offeredRequestsPerSecond + Math.min(1, Math.max(0, share)) * gap;
}

/** With half a miss and half a hit more than were counted: none of a thousand is not never. */
const logOddsOfMiss = ({ counts }: Rung): number => {
  const bad = badRequests(counts);
  return Math.log((bad + 0.5) / (counts.total - bad + 0.5));
};

/** Of what was answered late, as much as would be in time; of what was refused, the rest. Half the rate at worst: the next round looks there. */
function overshoot(stage: Rung, { percentile, latencyMilliseconds }: ServiceLevelTarget): number {
  const { counts } = stage;
  const latency = latencyOf(stage, percentile);
  const share = latency > latencyMilliseconds ? latencyMilliseconds / latency : 1 - badRequests(counts) / counts.total;
  return Math.max(0.5, Math.min(0.95, share));
}
