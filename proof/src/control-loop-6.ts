import { nearCapacity, steadyMisses, type WatchedTraffic } from "@sweetspot/operator/simulation";
import type { Progress, ProofOutcome } from "./proof.ts";

const trials = 100;

/**
 * What the policies decide about steady traffic on virtual time: near capacity, with 1.5 % of misses on a p99, with a loose p90
 * missed, and almost without requests. The same on a cluster is an end-to-end scenario.
 */
export async function proveSteadyTraffic(progress: Progress): Promise<ProofOutcome> {
  const show = (name: string, results: readonly WatchedTraffic[]) => {
    const found = results.map(({ breached }) => breached).sort((a, b) => a - b);
    progress(`${name}: ${foundOf(results)} % found, half of them within ${found[Math.floor(found.length / 2)]} s`);
    return results;
  };
  const near = [20, 200].flatMap((rate) =>
    show(`near capacity at ${rate} requests/s for 10 min`, nearCapacity(trials, rate, 1)),
  );
  const late = { percentile: "P99" as const, rate: 0.015 };
  const misses = show(
    "1.5 % of misses on a p99 at 50 requests/s for 1 h",
    steadyMisses(trials, { ...late, requestsPerSecond: 50, seconds: 3600 }, 2),
  );
  const loose = show(
    "15 % of misses on a p90 at 50 requests/s for 20 min",
    steadyMisses(trials, { percentile: "P90", rate: 0.15, requestsPerSecond: 50, seconds: 1200 }, 3),
  );
  const quiet = show(
    "one request a minute for a day, each tenth late",
    steadyMisses(5, { percentile: "P99", rate: 0.1, requestsPerSecond: 1 / 60, seconds: 86_400 }, 4),
  );
  return {
    measures: [
      { name: "re-tunings near capacity", figure: retunings(near), atMost: 0 },
      { name: "called missed there", figure: foundOf(near), atMost: 0, unit: "%" },
      { name: "1.5 % of misses on a p99 found within 1 h", figure: foundOf(misses), atLeast: 95, unit: "%" },
      { name: "a p90 that 15 % miss found within 20 min", figure: foundOf(loose), atLeast: 95, unit: "%" },
      { name: "re-tunings with almost no traffic", figure: retunings(quiet), atMost: 0 },
    ],
    raw: { near, misses, loose, quiet },
  };
}

const foundOf = (results: readonly WatchedTraffic[]): number =>
  (100 * results.filter(({ breached }) => Number.isFinite(breached)).length) / results.length;

const retunings = (results: readonly WatchedTraffic[]): number =>
  results.reduce((sum, result) => sum + result.retunings, 0);
