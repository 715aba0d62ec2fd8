import { poissonArrivals, type RequestShape, type SimulatedServer, seededRandom, simulate } from "@sweetspot/planner";

/** A simulated run is made of pieces of so many requests: each starts with an empty queue, which is soon forgotten. */
const piece = 2_000_000;
/** Misses are kept per so many requests; runs are multiples of it. */
export const grain = 1000;
/** Latencies are told apart to so many microseconds where a share of them is looked up. */
const bin = 5;
const bins = 1_000_000;

/** Latencies (microseconds) of a server under Poisson load, in order of arrival; hundreds of MB for long runs. */
export function longLatencies(
  server: SimulatedServer,
  shapes: readonly RequestShape[],
  requestsPerSecond: number,
  requests: number,
  seed: number,
): Float32Array {
  const all = new Float32Array(requests);
  for (let from = 0; from < requests; from += piece) {
    const random = seededRandom(seed + from / piece);
    const arrivals = poissonArrivals(Math.min(piece, requests - from), shapes, random);
    const { latencies } = simulate(server, arrivals, requestsPerSecond, random, { queue: Number.POSITIVE_INFINITY });
    all.set(latencies, from);
  }
  return all;
}

/** The latency that this share of all requests exceeds. */
export function exceededBy(latencies: Float32Array, share: number): number {
  const histogram = new Uint32Array(bins);
  for (const latency of latencies) histogram[Math.min(bins - 1, Math.floor(latency / bin))]! += 1;
  let above = 0;
  for (let i = bins - 1; i >= 0; i -= 1) {
    above += histogram[i] as number;
    if (above > share * latencies.length) return (i + 1) * bin;
  }
  return 0;
}

/** How many of each thousand requests took longer than the limit. */
export function missesPerGrain(latencies: Float32Array, limit: number): Uint16Array {
  const misses = new Uint16Array(Math.floor(latencies.length / grain));
  for (let i = 0; i < misses.length * grain; i += 1) {
    if ((latencies[i] as number) > limit) misses[Math.floor(i / grain)]! += 1;
  }
  return misses;
}

/** Misses of the runs of `requests` (a multiple of `grain`) that follow each other, `most` at most. */
export function missesOfRuns(perGrain: Uint16Array, requests: number, most = Number.POSITIVE_INFINITY): number[] {
  const length = requests / grain;
  const runs = Math.min(most, Math.floor(perGrain.length / length));
  return Array.from({ length: runs }, (_, run) => sum(perGrain, run * length, (run + 1) * length));
}

function sum(values: Uint16Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i += 1) total += values[i] as number;
  return total;
}
