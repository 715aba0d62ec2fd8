import { describe, expect, it } from "vitest";
import { latencyAt } from "../simulator/capacity.ts";
import { simulateNullMisses } from "../simulator/null-misses.ts";
import { simulate } from "../simulator/simulate.ts";
import { poissonArrivals } from "../simulator/workload.ts";
import { linearLaw, serverOf } from "../testing/servers.ts";
import { mostMissesToPass } from "./binomial.ts";
import { seededRandom } from "./random.ts";
import { judgeMisses } from "./verdict.ts";

const server = serverOf(linearLaw, { maximumRows: 8 });
const shapes = [{ rows: 1, length: 32, group: "" }];
/** Load 0.85 of what batches of eight reach. */
const requestsPerSecond = (0.85 * 8 * 1e6) / linearLaw(8);
const requests = 2010;
const trials = 150;

/** Misses of independent runs of a system whose true miss rate is `rate`. */
function missesAt(rate: number): number[] {
  const long = simulate(server, poissonArrivals(400_000, shapes, seededRandom(5)), requestsPerSecond, seededRandom(6));
  const limit = latencyAt(long, 1 - rate);
  const { latencies } = simulate(
    server,
    poissonArrivals(trials * requests, shapes, seededRandom(8)),
    requestsPerSecond,
    seededRandom(9),
  );
  const counts = new Array<number>(trials).fill(0);
  latencies.forEach((latency, index) => {
    if (latency > limit) counts[Math.floor(index / requests)]! += 1;
  });
  return counts;
}

describe("the verdict on a percentile", () => {
  const load = { shapes, requestsPerSecond, requests };
  const nullMisses = simulateNullMisses(server, load, 0.01, 400, seededRandom(11));

  it("rarely passes a queue that truly fails, where the plain binomial count often does", () => {
    const counts = missesAt(0.012);
    const verdicts = counts.map((misses) => judgeMisses({ requests, misses }, 0.01, 0.99, nullMisses));
    const plain = counts.filter((misses) => misses <= mostMissesToPass(requests, 0.01, 0.99)).length;
    expect(verdicts.filter(({ result }) => result === "Pass").length / trials).toBeLessThanOrEqual(0.04);
    expect(plain / trials).toBeGreaterThan(0.2);
  });

  it("passes a system far on the good side and fails one far on the bad side", () => {
    expect(judgeMisses({ requests: 20_100, misses: 0 }, 0.01, 0.95, [100, 200, 300]).result).toBe("Pass");
    expect(judgeMisses({ requests: 20_100, misses: 900 }, 0.01, 0.95, [100, 200, 300]).result).toBe("Fail");
  });

  it("is inconclusive with few requests and says how many would decide", () => {
    const verdict = judgeMisses({ requests: 200, misses: 1 }, 0.01, 0.95, [0, 0, 1, 2, 9]);
    expect(verdict.result).toBe("Inconclusive");
    expect(verdict.requiredRequests).toBeGreaterThan(200);
    expect(verdict.message).toContain("Too few requests");
  });

  it("asks for a longer run where misses cluster", () => {
    const few = (nulls: number[]) => judgeMisses({ requests: 1000, misses: 6 }, 0.01, 0.95, nulls).requiredRequests;
    expect(few([0, 0, 0, 2, 30, 40])).toBeGreaterThan(3 * (few([9, 10, 10, 11]) as number));
  });

  it("never passes on the null distribution alone: the binomial count is necessary", () => {
    expect(judgeMisses({ requests: 300, misses: 0 }, 0.01, 0.99, [50, 60, 70]).result).toBe("Inconclusive");
  });
});
