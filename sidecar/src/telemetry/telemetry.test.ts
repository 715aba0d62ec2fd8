import { badRequests, ServiceLevelReport, type ServingPlan } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogHistogram } from "./log-histogram.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import { Metrics } from "./metrics.ts";
import { buildReport } from "./report.ts";
import { ServiceLevel } from "./service-level.ts";

const target = { percentile: "P99", latencyMilliseconds: 35 } as const;
const batch = {
  requests: 2,
  rows: 3,
  usefulLength: 20,
  paddedLength: 30,
  engineMicroseconds: 1100,
  expectedMicroseconds: 1000,
};

describe("the log histogram", () => {
  it("gives quantiles within 0.6 % of the sorted values", () => {
    const values = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (list, share) => {
        const histogram = new LogHistogram();
        for (const value of list) histogram.record(value);
        const exact = list.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * list.length)) - 1]!;
        expect(Math.abs(histogram.quantile(share)! / exact - 1)).toBeLessThan(0.006);
      }),
    );
  });

  it("takes what lies outside its range, and says nothing before the first value", () => {
    const histogram = new LogHistogram();
    expect([histogram.quantile(0.5), histogram.maximum]).toEqual([null, null]);
    for (const value of [0, -5, 1e300]) histogram.record(value);
    expect([histogram.count, histogram.maximum]).toEqual([3, 1e300]);
  });
});

describe("the service level", () => {
  it("counts refusals and failures as bad, and leaves client errors out of the total", () => {
    const level = new ServiceLevel(target, new Date());
    level.request("Answered", 35_000);
    level.request("Answered", 35_001);
    for (const outcome of ["Refused", "Expired", "Failed", "Excluded"] as const) level.request(outcome, 1);
    const counts = level.counts();
    expect(counts).toEqual({ total: 5, late: 1, refused: 1, expired: 1, failed: 1, excluded: 1 });
    expect(badRequests(counts)).toBe(4);
    expect(level.latencyMilliseconds().maximum).toBe(35.001);
  });

  it("gives the median cost ratio of recent batches only", () => {
    const level = new ServiceLevel(target, new Date());
    expect(level.costRatio()).toBeNull();
    for (let i = 0; i < 500; i += 1) level.batch({ ...batch, engineMicroseconds: i < 200 ? 9000 : 1100 });
    expect(level.costRatio()).toBeCloseTo(1.1);
    level.batch({ ...batch, expectedMicroseconds: null });
    expect([level.batches, level.rows, level.usefulLength, level.paddedLength]).toEqual([501, 1503, 10020, 15030]);
  });
});

describe("the metrics", () => {
  it("are exactly those of the catalogue", async () => {
    const metrics = new Metrics(() => ({ queuedRows: 4, enginesReady: 2, engineRestarts: 1, costRatio: null }));
    metrics.planTaken("r1", 35);
    const text = await metrics.text();
    const exported = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    expect(exported.sort()).toEqual(
      Object.entries(metricCatalogue)
        .map(([name, { type }]) => [name, type])
        .sort(),
    );
    expect(text).toContain("sweetspot_queued_rows 4");
    expect(text).toContain("sweetspot_cost_ratio 0");
  });

  it("have a bucket exactly at the target, also after the target has changed", async () => {
    const metrics = new Metrics(() => null);
    metrics.planTaken("r1", 35);
    metrics.answered(35_000, { queue: 1000, engine: 30_000, reply: 4000 });
    metrics.request("Good");
    expect(await metrics.text()).toContain('sweetspot_request_duration_seconds_bucket{le="0.035"} 1');
    metrics.planTaken("r2", 70);
    const text = await metrics.text();
    expect(text).toContain('le="0.07"');
    expect(text).toContain('sweetspot_plan_info{revision="r2"} 1');
    expect(text).not.toContain('revision="r1"');
    expect(text).toContain('sweetspot_requests_total{outcome="Good"} 1');
  });
});

describe("the report", () => {
  it("keeps the contract before and after traffic", () => {
    const level = new ServiceLevel(target, new Date());
    const plan = { modelName: "m", revision: "r1", serviceLevel: target } as ServingPlan;
    const pool = {
      pinning: () => "Off" as const,
      status: () => [{ instance: 0, state: "Ready" as const, restarts: 0, cpus: "0-1" }],
    };
    const report = () => buildReport({ plan, level, pool, planError: null, at: new Date() });
    expect(ServiceLevelReport.parse(report()).latencyMilliseconds.p99).toBeNull();
    level.request("Answered", 1000);
    level.batch(batch);
    expect(ServiceLevelReport.parse(report())).toMatchObject({
      planRevision: "r1",
      batches: 1,
      costRatio: 1.1,
      counts: { total: 1 },
    });
  });
});
