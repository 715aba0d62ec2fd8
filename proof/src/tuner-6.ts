import { CostModel, poissonArrivals, seededRandom, simulateCapacity, withoutBatching } from "@sweetspot/planner";
import { replayRaceOfEquals, sharedMachine } from "@sweetspot/test";
import type { Progress, ProofOutcome } from "./proof.ts";
import { mixedLengths, transformerTable } from "./workloads.ts";

const trials = 400;
const target = { percentile: "P99", latencyMilliseconds: 50 } as const;
/** From what a budget of seconds leaves to what a long one has. */
const roundCounts = [2, 3, 5, 8, 12];

interface Replayed extends Awaited<ReturnType<typeof replayRaceOfEquals>> {
  readonly rounds: number;
}

/**
 * A/A: the tuner's own race and decision, replayed with three candidates that are the same server, on a machine as
 * unsteady as a small virtual one. No pair may be declared different, and none may win over the default.
 */
export async function proveRaceOfEquals(progress: Progress): Promise<ProofOutcome> {
  const shapes = mixedLengths();
  const table = transformerTable();
  const policy = { ...withoutBatching, maximumRows: 8 };
  const cost = CostModel.fromTable(table);
  const server = { instances: 2, threadsPerInstance: 1, policy, cost, noiseFactors: table.noiseFactors };
  const arrivals = poissonArrivals(6000, shapes, seededRandom(1));
  const guess = simulateCapacity(server, arrivals, target, { seed: 1, tolerance: 0.01 });
  const results: Replayed[] = [];
  for (let seed = 0; seed < trials; seed += 1) {
    const rounds = roundCounts[seed % roundCounts.length] as number;
    results.push({ rounds, ...(await replayRaceOfEquals({ server, shapes, target, guess, rounds, seed })) });
    if ((seed + 1) % 100 === 0) progress(`${seed + 1} of ${trials} races replayed`);
  }
  const percent = (holds: (result: (typeof results)[number]) => boolean) =>
    (100 * results.filter(holds).length) / trials;
  const bound = { atMost: 5, unit: "%" };
  return {
    measures: [
      { name: "identical candidates declared different", figure: percent(({ pairDiffers }) => pairDiffers), ...bound },
      { name: "one of two chosen over its equal", figure: percent(({ otherWins }) => otherWins), ...bound },
    ],
    raw: { trials, noise: sharedMachine, guess, results: results.map(inShort) },
  };
}

/** A line for each candidate: the capacities of its rounds, requests per second. */
const inShort = ({ capacities, ...rest }: Replayed) => ({
  ...rest,
  capacities: capacities.map((rounds) => rounds.map((capacity) => capacity.toFixed(0)).join(" ")),
});
