import type { SizeSketch, TrafficSnapshot } from "@sweetspot/crds";

/** Sizes have moved when so much of the traffic has another size than before, beyond what chance explains. */
const movedShare = 0.15;
/** Arrivals are burstier when their dispersion is so many times what it was, and clearly above that of a Poisson process. */
const burstierTimes = 5;
const burstyDispersion = 3;
/** Both sketches must hold so many requests. */
const leastRequests = 50;
/** Rates within this factor are the same traffic. */
const sameRate = 1.5;

/**
 * Total variation distance of two sketches (the share of requests that would need another size to turn one into the other),
 * less what two samples of the same traffic would show; null where there are too few requests.
 */
function sizeShift(present: SizeSketch, before: SizeSketch): number | null {
  const [n, m] = [sumOf(present), sumOf(before)];
  if (n < leastRequests || m < leastRequests) return null;
  let distance = 0;
  let chance = 0;
  for (let i = 0; i < Math.max(present.length, before.length); i += 1) {
    const [p, q] = [(present[i] ?? 0) / n, (before[i] ?? 0) / m];
    const pooled = ((present[i] ?? 0) + (before[i] ?? 0)) / (n + m);
    distance += Math.abs(p - q) / 2;
    // Mean of the absolute difference of two such shares, each about normal.
    chance += Math.sqrt((2 / Math.PI) * pooled * (1 - pooled) * (1 / n + 1 / m)) / 2;
  }
  return Math.max(0, distance - 2 * chance);
}

const sumOf = (sketch: SizeSketch): number => sketch.reduce((sum, count) => sum + count, 0);

export interface TrafficShift {
  /** Shares of the traffic that have another length, or another number of rows. */
  readonly lengths: number;
  readonly rows: number;
  /** Dispersion of arrivals now over that of before; 1 where it is not known. */
  readonly dispersion: number;
  readonly moved: boolean;
}

/** How the mix of lengths, rows and arrivals has changed; null where there are too few requests to say. */
export function trafficShift(present: TrafficSnapshot, before: TrafficSnapshot): TrafficShift | null {
  const lengths = sizeShift(present.lengths, before.lengths);
  const rows = sizeShift(present.rows, before.rows);
  if (lengths === null || rows === null) return null;
  const known = present.dispersion !== null && before.dispersion !== null;
  const dispersion = known ? (present.dispersion as number) / Math.max(1, before.dispersion as number) : 1;
  const burstier = dispersion >= burstierTimes && (present.dispersion as number) >= burstyDispersion;
  return { lengths, rows, dispersion, moved: lengths > movedShare || rows > movedShare || burstier };
}

/** Is this the traffic of before, as far as can be told: in rate and in mix? */
export function sameTraffic(present: TrafficSnapshot, before: TrafficSnapshot): boolean {
  const rate = present.requestsPerSecond / Math.max(before.requestsPerSecond, 1e-9);
  return rate <= sameRate && trafficShift(present, before)?.moved !== true;
}
