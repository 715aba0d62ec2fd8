import { badRequests, ServiceLevelReport, type ServingPlan } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { BlockRing } from "./block-ring.ts";
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

describe("the ring of blocks", () => {
  it("keeps the newest whole blocks on multiples of their length, empty ones included", () => {
    const ring = new BlockRing(10, 3, 1);
    expect(ring.read(1004).columns).toEqual([[]]);
    ring.add(1005, 0, 2);
    ring.add(1009.9, 0, 1);
    ring.add(1031, 0, 5);
    expect(ring.read(1035)).toEqual({ end: 1030, columns: [[3, 0, 0]] });
    expect(ring.read(1045)).toEqual({ end: 1040, columns: [[0, 0, 5]] });
    expect(ring.read(2000)).toEqual({ end: 2000, columns: [[0, 0, 0]] });
  });

  it("loses nothing when the clock is set back, and forgets what is older than it is long", () => {
    const ring = new BlockRing(10, 3, 2);
    ring.add(1000, 1, 1);
    ring.add(900, 1, 1);
    expect(ring.read(1010)).toEqual({ end: 1010, columns: [[0], [2]] });
  });

  it("has the sums of a plain list of events", () => {
    const event = fc.record({ after: fc.integer({ min: 0, max: 25 }), value: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const ring = new BlockRing(10, 5, 1);
        ring.add(100, 0, 0);
        let now = 100;
        const all: { now: number; value: number }[] = [];
        for (const { after, value } of events) {
          now += after;
          ring.add(now, 0, value);
          all.push({ now, value });
        }
        const { end, columns } = ring.read(now);
        columns[0]?.toReversed().forEach((sum, back) => {
          const start = end - 10 * (back + 1);
          const own = all.filter((one) => one.now >= start && one.now < start + 10);
          expect(sum).toBe(own.reduce((total, { value }) => total + value, 0));
        });
      }),
    );
  });
});

describe("the recent traffic", () => {
  it("is counted in blocks of time, and goes on when the plan changes", () => {
    vi.useFakeTimers({ now: 1_000_000_000 });
    try {
      const level = new ServiceLevel(target, new Date());
      level.arrived({ rows: 1, length: 64 });
      level.request("Answered", 1000);
      level.request("Excluded", 1000);
      level.answered({ queue: 100, engine: 700, reply: 50, preprocess: 150 });
      level.batch(batch);
      const next = new ServiceLevel({ ...target, latencyMilliseconds: 1 }, new Date());
      next.follow(level);
      next.request("Answered", 2000);
      next.request("Refused", 10);
      vi.setSystemTime(1_000_011_000);
      const traffic = next.traffic.report();
      expect(traffic.tenSeconds).toEqual({ end: 1_000_010, total: [3], bad: [2] });
      expect(traffic.seconds.total[0]).toBe(3);
      expect(traffic.stages).toMatchObject({
        answered: [1],
        queue: [100],
        engine: [700],
        other: [200],
        observed: [1100],
        expected: [1000],
      });
      expect(traffic.lengths).toEqual([...new Array(12).fill(0), 1]);
      expect(traffic.rows).toEqual([1]);
      expect(next.counts().total).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the metrics", () => {
  it("are exactly those of the catalogue", async () => {
    const metrics = new Metrics(() => ({
      queuedRows: 4,
      enginesReady: 2,
      engineRestarts: 1,
      costRatio: null,
      commissioningRatio: null,
    }));
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
    metrics.request("Good", 35_000);
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
