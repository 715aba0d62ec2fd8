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

/**
 * Verdicts on runs of just the length that a short run asked for, of a queue whose true miss rate is 0.8 and 1.2 times the
 * allowed one. `npm run proof -- tuner-8` is the full form.
 */
function followVerdicts(allowed: number) {
  const rate = (0.7 * 8 * 1e6) / linearLaw(8);
  const nullOf = (length: number) =>
    simulateNullMisses(server, { shapes, requestsPerSecond: rate, requests: length }, allowed, 200, seededRandom(21));
  const simulated = simulate(server, poissonArrivals(300_000, shapes, seededRandom(22)), rate, seededRandom(23));
  const short = judgeMisses({ requests: 500, misses: 500 * allowed }, allowed, 0.99, nullOf(500));
  const length = short.requiredRequests ?? expect.fail("so short a run cannot decide");
  const nullMisses = nullOf(length);
  const verdictsAt = (missRate: number) => {
    const limit = latencyAt(simulated, 1 - missRate);
    return Array.from({ length: Math.floor(simulated.latencies.length / length) }, (_, run) => {
      const latencies = simulated.latencies.subarray(run * length, (run + 1) * length);
      const misses = latencies.reduce((sum, latency) => sum + (latency > limit ? 1 : 0), 0);
      return judgeMisses({ requests: length, misses }, allowed, 0.99, nullMisses).result;
    });
  };
  return { better: verdictsAt(0.8 * allowed), worse: verdictsAt(1.2 * allowed) };
}

describe("the verdict on a percentile", () => {
  const load = { shapes, requestsPerSecond, requests };
  const nullMisses = simulateNullMisses(server, load, 0.01, 400, seededRandom(11));

  it("does not pass a queue that truly fails, where the plain binomial count often does", () => {
    const counts = missesAt(0.012);
    const verdicts = counts.map((misses) => judgeMisses({ requests, misses }, 0.01, 0.99, nullMisses));
    const plain = counts.filter((misses) => misses <= mostMissesToPass(requests, 0.01, 0.99)).length;
    expect(verdicts.filter(({ result }) => result === "Pass").length / trials).toBeLessThanOrEqual(0.01);
    expect(plain / trials).toBeGreaterThan(0.2);
  });

  it("passes a queue that truly holds in most runs as long as it asked for, and none that fails", () => {
    // A median is told from its neighbours by the fewest requests; the queue is as clustered as for any percentile.
    const allowed = 0.5;
    const { better, worse } = followVerdicts(allowed);
    expect(better.filter((result) => result === "Pass").length / better.length).toBeGreaterThanOrEqual(0.8);
    expect(worse).not.toContain("Pass");
    expect(worse).toContain("Fail");
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
