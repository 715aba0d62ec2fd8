import { describe, expect, it } from "vitest";
import { CostModel } from "../cost/cost-model.ts";
import { seededRandom } from "../statistics/random.ts";
import { linearLaw, serverOf, tableOf } from "../testing/servers.ts";
import { latencyAt, simulateCapacity } from "./capacity.ts";
import { simulate } from "./simulate.ts";
import { poissonArrivals } from "./workload.ts";

const shapes = [{ rows: 1, length: 32, group: "" }];
const arrivals = poissonArrivals(20_000, shapes, seededRandom(1));
const target = { percentile: "P99" as const, latencyMilliseconds: 30 };

describe("the simulator", () => {
  it("agrees with the closed form of an M/D/1 queue", () => {
    const service = 3300;
    const load = 0.6;
    const run = simulate(
      serverOf(() => service, {}),
      arrivals,
      (load * 1e6) / service,
      seededRandom(2),
    );
    const meanLatency = run.latencies.reduce((sum, value) => sum + value, 0) / run.latencies.length;
    // Pollaczek and Khinchine: W = s + load s / (2 (1 - load)).
    const expected = service + (load * service) / (2 * (1 - load));
    expect(meanLatency / expected).toBeGreaterThan(0.95);
    expect(meanLatency / expected).toBeLessThan(1.05);
  });

  it("answers every request and never faster than the engine", () => {
    const run = simulate(serverOf(linearLaw, { maximumRows: 8 }, 2), arrivals, 700, seededRandom(2));
    expect(run.latencies).toHaveLength(20_000);
    expect(run.rows).toBe(20_000);
    expect(Math.min(...run.latencies)).toBeGreaterThanOrEqual(linearLaw(1) - 1e-6);
  });

  it("says that a rate beyond capacity is unstable", () => {
    expect(simulate(serverOf(linearLaw, {}), arrivals, 1000, seededRandom(2)).unstable).toBe(true);
  });

  it("finds more capacity with batching where batching pays, and none where the target is out of reach", () => {
    const options = { seed: 1, tolerance: 0.02 };
    const single = simulateCapacity(serverOf(linearLaw, {}), arrivals, target, options);
    const batched = simulateCapacity(serverOf(linearLaw, { maximumRows: 8 }), arrivals, target, options);
    expect(batched).toBeGreaterThan(1.5 * single);
    expect(simulateCapacity(serverOf(linearLaw, {}), arrivals, { ...target, latencyMilliseconds: 1 }, options)).toBe(0);
  });

  it("slows the engines down by what the front takes of their CPUs, and only where CPUs are scarce", () => {
    const shared = { cpus: 2, microsecondsPerRequest: 2000 };
    const with2 = (instances: number) => {
      const server = serverOf(() => 4000, {}, instances);
      const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0, shared };
      return { ...server, cost: CostModel.fromTable({ ...tableOf(() => 4000), overhead }) };
    };
    const capacity = (instances: number) =>
      simulateCapacity(
        with2(instances),
        arrivals,
        { ...target, latencyMilliseconds: 200 },
        { seed: 1, tolerance: 0.01 },
      );
    // Two engines: both CPUs work 4 + 2 ms on each request. One: the front has a CPU to itself.
    expect(capacity(2) / (2e6 / 6000)).toBeGreaterThan(0.93);
    expect(capacity(2) / (2e6 / 6000)).toBeLessThan(1.01);
    expect(capacity(1) / (1e6 / 4000)).toBeGreaterThan(0.93);
    const lone = simulate(with2(1), arrivals, 0.01, seededRandom(1)).latencies[0];
    expect(lone).toBeCloseTo(6000, 6);
  });

  it("lets each answer wait for the front as was measured, in no engine's way", () => {
    const waiting = (waitMicroseconds: number) => {
      const table = tableOf(() => 4000);
      const overhead = { ...table.overhead, waitMicroseconds };
      return { ...serverOf(linearLaw, {}), cost: CostModel.fromTable({ ...table, overhead }) };
    };
    const run = (wait: number) => simulate(waiting(wait), arrivals, 200, seededRandom(1));
    expect(latencyAt(run(7000), 0.5) - latencyAt(run(0), 0.5)).toBeCloseTo(7000, 6);
    expect(run(7000).end).toBe(run(0).end);
  });

  it("holds the target at the capacity that it names and misses it a little above", () => {
    const server = serverOf(linearLaw, { maximumRows: 8 });
    const capacity = simulateCapacity(server, arrivals, target, { seed: 1, tolerance: 0.02 });
    expect(latencyAt(simulate(server, arrivals, capacity, seededRandom(1)), 0.99)).toBeLessThanOrEqual(30_000);
    expect(latencyAt(simulate(server, arrivals, capacity * 1.03, seededRandom(1)), 0.99)).toBeGreaterThan(30_000);
  });

  it("repeats to the digit with the same seed", () => {
    const server = { ...serverOf(linearLaw, { maximumRows: 4 }), noiseFactors: [0.9, 1, 1.4] };
    const [a, b] = [1, 1].map(() => simulate(server, arrivals, 300, seededRandom(7)).latencies);
    expect(a).toEqual(b);
  });
});
