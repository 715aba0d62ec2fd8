import { apiVersion } from "@sweetspot/crds";
import {
  CostModel,
  median,
  poissonArrivals,
  seededRandom,
  simulateCapacity,
  withoutBatching,
} from "@sweetspot/planner";
import { replayRaceOfEquals } from "@sweetspot/test";
import { expect, it } from "vitest";

const trials = 40;

// The full form, 400 races of up to twelve rounds, is `npm run proof -- tuner-6`.
it("a race between identical candidates on an unsteady machine rarely declares a difference", async () => {
  const cells = [1, 2, 4, 8].map((rows) => ({ rows, length: 1, microseconds: 2300 + 1000 * rows, samples: 5 }));
  const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  const cost = CostModel.fromTable({ apiVersion, kind: "CostTable", cells, noiseFactors: [1], overhead });
  const server = {
    instances: 1,
    threadsPerInstance: 1,
    policy: { ...withoutBatching, maximumRows: 8 },
    cost,
    noiseFactors: [0.95, 1, 1.1],
  };
  const shapes = [{ rows: 1, length: 1, group: "" }];
  const target = { percentile: "P99", latencyMilliseconds: 40 } as const;
  const arrivals = poissonArrivals(4000, shapes, seededRandom(1));
  const guess = simulateCapacity(server, arrivals, target, { seed: 1, tolerance: 0.01 });
  const found: number[] = [];
  let [different, otherWins] = [0, 0];
  for (let seed = 0; seed < trials; seed += 1) {
    const result = await replayRaceOfEquals({ server, shapes, target, guess, rounds: 4, seed });
    if (result.pairDiffers) different += 1;
    if (result.otherWins) otherWins += 1;
    found.push(...result.capacities.flat());
  }
  // The machine's swings aside, the race finds the capacity that the servers have.
  expect(median(found) / guess).toBeGreaterThan(0.8);
  expect(median(found) / guess).toBeLessThan(1.25);
  expect(different / trials).toBeLessThanOrEqual(0.1);
  expect(otherWins / trials).toBeLessThanOrEqual(0.1);
});
