import { apiVersion, type CostTable, type ServingPlan, CostTable as schema } from "@sweetspot/crds";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { safePlan } from "../plan/safe-plan.ts";
import type { ApiError } from "../protocol/errors.ts";
import { Dispatcher } from "../server/dispatcher.ts";
import { FakePool } from "../server/testing/fake-pool.ts";
import { VirtualClock } from "../server/testing/virtual-clock.ts";
import { startSidecar } from "../sidecar.ts";
import { CostWatch } from "./cost-watch.ts";

const table: CostTable = {
  apiVersion,
  kind: "CostTable",
  cells: [1, 4].flatMap((rows) =>
    [1, 16].map((length) => ({ rows, length, microseconds: 1000 * rows * length, samples: 5 })),
  ),
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
};

function watched() {
  let now = 1_800_000_000;
  const watch = new CostWatch(table, () => now);
  /** Ten batches a second. */
  const run = (seconds: number, factor: number) => {
    for (let i = 0; i < 10 * seconds; i += 1) {
      now += 0.1;
      const rows = 1 + (i % 4);
      watch.observe(rows, 16, factor * watch.expectedMicroseconds(rows, 16));
    }
  };
  return { watch, run };
}

describe("the cost table of a running plan", () => {
  it("has drifted when traffic finds the machine far slower than commissioning did, however steady it is since", () => {
    const { watch, run } = watched();
    watch.commissioned({ ratio: 1.1, shapes: [] });
    run(4, 2);
    expect(watch.drift().state).toBe("Settling");
    run(90, 2);
    expect(watch.drift()).toMatchObject({ state: "Drifted", commissioning: { ratio: 1.1 } });
    expect(watch.drift().baseline).toBeGreaterThan(1.8);
    const usual = watched();
    usual.watch.commissioned({ ratio: 1.6, shapes: [] });
    usual.run(90, 2);
    expect(usual.watch.drift()).toMatchObject({ state: "Steady", since: null });
  });

  it("is followed by the copy that decisions are made from, and stays what it is compared with", () => {
    const { watch, run } = watched();
    run(60, 1.5);
    expect(watch.cost.batchMicroseconds(4, 16) / (1.5 * 64_000)).toBeCloseTo(1, 1);
    expect(watch.table.cells[3]?.microseconds).toBeCloseTo(watch.cost.batchMicroseconds(4, 16), 0);
    expect(watch.expectedMicroseconds(4, 16)).toBe(64_000);
  });

  it("has drifted when the ratio leaves what it was at first, and is steady again when it comes back", () => {
    const { watch, run } = watched();
    expect(watch.drift()).toEqual({
      state: "Settling",
      ratio: 1,
      baseline: null,
      since: null,
      batches: 0,
      commissioning: null,
    });
    run(15, 0.8);
    expect(watch.drift().state).toBe("Settling");
    run(60, 0.8);
    expect(watch.drift().baseline).toBeCloseTo(0.8, 1);
    expect(watch.drift()).toMatchObject({ state: "Steady", since: null });
    run(60, 1.2);
    expect(watch.drift()).toMatchObject({ state: "Drifted", since: expect.stringMatching(/^2027-.*Z$/) });
    run(90, 0.8);
    expect(watch.drift()).toMatchObject({ state: "Steady", since: null, batches: 2250 });
  });
});

describe("admission on a machine that became slower", () => {
  it("refuses by what is observed, not by what was measured before", async () => {
    const clock = new VirtualClock();
    const pool = new FakePool(clock, 1, () => ({ microseconds: 40_000 }));
    const policy = {
      former: "CostTable",
      maximumRows: 1,
      maximumBatchMicroseconds: 1_000_000,
      holdMicroseconds: 0,
      windowRequests: 64,
      inFlightPerInstance: 1,
    } as const;
    const admission = { maximumQueuedRows: 1000, maximumQueuedBytes: 1e9, refuseLate: true };
    const costs = new CostWatch(table, () => clock.now() / 1e6);
    const none = { batchFinished: () => undefined, batchFailed: () => undefined };
    const dispatcher = new Dispatcher(pool, undefined, { policy, admission, costs }, clock, none);
    const submit = () => {
      const arrival = clock.now();
      return dispatcher.submit({
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 16], data: new Uint8Array(64) }],
        outputs: ["x"],
        shape: { rows: 1, length: 16, group: "" },
        bytes: 64,
        arrival,
        onTimeUntil: arrival + 100_000,
        deadline: arrival + 10_000_000,
      });
    };
    const admittedOfTen = async () => {
      const before = clock.now();
      let admitted = 0;
      for (let i = 0; i < 10; i += 1) {
        try {
          void submit().answer.catch(() => undefined);
          admitted += 1;
        } catch (error) {
          expect((error as ApiError).code).toBe("TooLate");
        }
      }
      await clock.run(before + 2_000_000);
      return admitted;
    };
    // By the table five requests of 16 ms are answered within 90 ms, a tenth being kept for sockets; in truth two of 40 ms are,
    // and one of them only just.
    const first = await admittedOfTen();
    expect(first).toBe(5);
    // At first the answers themselves correct the prediction; when the table has followed, they take that back.
    for (let i = 0; i < 300; i += 1) {
      void submit().answer;
      await clock.run(clock.now() + 100_000);
    }
    const later = await admittedOfTen();
    expect(later).toBeGreaterThanOrEqual(1);
    expect(later).toBeLessThanOrEqual(2);
  });
});

describe("a server that is asked for its cost table", () => {
  const ask = async (changes: Partial<ServingPlan>) => {
    const target = { percentile: "P99", latencyMilliseconds: 1000 } as const;
    const plan = { ...(await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1)), ...changes };
    const log = pino({ level: "silent" });
    const sidecar = await startSidecar({ plan, host: "127.0.0.1", httpPort: 0, metricsPort: 0, log });
    const response = await fetch(`http://127.0.0.1:${sidecar.metricsPort}/v2/sweetspot/cost-table`);
    const body = await response.json();
    const { drift } = sidecar.report();
    await sidecar.close();
    return { status: response.status, body, drift };
  };

  it("gives the document, and 404 where the plan has none", async () => {
    const measured = await ask({ costTable: table });
    expect([measured.status, schema.parse(measured.body)]).toEqual([200, table]);
    expect(measured.drift).toMatchObject({ state: "Settling" });
    const safe = await ask({});
    expect([safe.status, safe.drift]).toEqual([404, null]);
  });
});
