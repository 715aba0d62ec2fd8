import { describe, expect, it } from "vitest";
import { simulateCapacity } from "../simulator/capacity.ts";
import { poissonArrivals } from "../simulator/workload.ts";
import { normal, seededRandom } from "../statistics/random.ts";
import { serverOf, tableOf } from "../testing/servers.ts";
import { forecast } from "./forecast.ts";
import { planPoint } from "./plan-point.ts";
import { withoutBatching } from "./policies.ts";
import { type WhatIfRequest, whatIf } from "./what-if.ts";

const shapes = [{ rows: 1, length: 32, group: "" }];
const target = { percentile: "P99" as const, latencyMilliseconds: 40 };
const law = (rows: number) => 2300 + 1000 * rows;
const layout = { instances: 2, threadsPerInstance: 1, pinned: true, spinning: false };
const batching = { ...withoutBatching, maximumRows: 8 };
const request: WhatIfRequest = {
  tables: [{ variant: "Source", layout, table: tableOf(law), heldOutError: 0.03 }],
  current: { variant: "Source", layout, batching },
  raced: null,
  target,
  shapes,
  requestsPerSecond: 600,
  cpus: 2,
  measuredCpus: 2,
  seed: 1,
  stop: () => false,
};
/** A race that found what was predicted, and is sure of it. */
const raced = { predicted: 1000, measured: { estimate: 1000, low: 980, high: 1020 } };
const width = ({ low, high }: { readonly low: number; readonly high: number }) => high / low;

describe("a forecast", () => {
  it("has the true capacity in its interval about as often as it says", () => {
    const deviation = 0.1;
    const random = seededRandom(4);
    const point = planPoint({ variant: "Source", layout, table: tableOf(law) }, batching);
    const { low, high } = forecast(point, request, { estimate: 1, deviation }).capacityRequestsPerSecond;
    const arrivals = poissonArrivals(4000, shapes, seededRandom(9));
    const truths = Array.from({ length: 60 }, () => {
      const factor = Math.exp(deviation * normal(random));
      const server = serverOf((rows) => factor * law(rows), batching, 2);
      return simulateCapacity(server, arrivals, target, { seed: 3, tolerance: 0.02 });
    });
    const inside = truths.filter((truth) => truth >= low && truth <= high).length / truths.length;
    expect(inside).toBeGreaterThanOrEqual(0.85);
  });

  it("says that a queue has no end where it has none", () => {
    const point = planPoint({ variant: "Source", layout, table: tableOf(law) }, withoutBatching);
    const beyond = forecast(point, { ...request, requestsPerSecond: 5000 }, { estimate: 1, deviation: 0.05 });
    expect(beyond.latencyMilliseconds.high).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("what if", () => {
  it("the rate were twice as high: latency rises, capacity stays", () => {
    const [once, twice] = [300, 600].map((requestsPerSecond) => whatIf({ ...request, requestsPerSecond }).current);
    const latency = (answer: typeof once) => answer?.forecast.latencyMilliseconds.estimate ?? Number.NaN;
    expect(latency(twice)).toBeGreaterThan(latency(once));
    expect(twice?.forecast.capacityRequestsPerSecond).toEqual(once?.forecast.capacityRequestsPerSecond);
  });

  it("the target were tighter: there is less capacity", () => {
    const tight = whatIf({ ...request, raced, target: { percentile: "P99", latencyMilliseconds: 12 } });
    const { forecast: usual } = whatIf({ ...request, raced }).best;
    expect(tight.best.forecast.capacityRequestsPerSecond.high).toBeLessThan(usual.capacityRequestsPerSecond.low);
  });

  it("there were more CPUs: more engines, more capacity, a wider interval, and no word on the plan as it is", () => {
    const here = whatIf({ ...request, raced });
    const more = whatIf({ ...request, raced, cpus: 8 });
    expect(more.current).toBeNull();
    expect(more.best.point.instances).toBe(8);
    const [own, imagined] = [here, more].map(({ best }) => best.forecast.capacityRequestsPerSecond);
    expect((imagined?.estimate ?? 0) / (own?.estimate ?? 1)).toBeGreaterThan(3);
    expect(imagined && width(imagined)).toBeGreaterThan(own ? width(own) : Number.NaN);
  });

  it("corrects the tables by what the race measured, and is less sure without a race", () => {
    const slower = { predicted: 1200, measured: { estimate: 1000, low: 970, high: 1030 } };
    const [known, unknown] = [slower, null].map((result) => whatIf({ ...request, raced: result }).best.forecast);
    const [sure, unsure] = [known, unknown].map((one) => one?.capacityRequestsPerSecond ?? expect.fail("no forecast"));
    expect((sure?.estimate ?? 0) / (unsure?.estimate ?? 1)).toBeLessThan(0.9);
    expect(sure && width(sure)).toBeLessThan(unsure ? width(unsure) : 0);
  });

  it("refuses CPUs that nothing fits into", () => {
    const wide = { ...layout, instances: 1, threadsPerInstance: 4 };
    const tables = [{ variant: "Source" as const, layout: wide, table: tableOf(law), heldOutError: null }];
    expect(() => whatIf({ ...request, tables, cpus: 2, measuredCpus: 4 })).toThrow(RangeError);
  });
});
