import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CostModel } from "../cost/cost-model.ts";
import { tableOf } from "../testing/servers.ts";
import { cutByCost } from "./cut.ts";
import type { QueuedRequest } from "./queued-request.ts";

const request = (length: number, rows = 1): QueuedRequest => ({
  arrival: 0,
  deadline: Number.POSITIVE_INFINITY,
  rows,
  length,
  group: "",
});
const sortedByLength = (requests: QueuedRequest[]) => requests.toSorted((a, b) => a.length - b.length);
const batchTime = (batch: readonly QueuedRequest[], cost: CostModel) =>
  cost.servingMicroseconds(
    batch.reduce((sum, one) => sum + one.rows, 0),
    batch.length,
    Math.max(...batch.map((one) => one.length)),
  );
const cutTime = (sorted: QueuedRequest[], limits: Parameters<typeof cutByCost>[1], cost: CostModel) =>
  cutByCost(sorted, limits, cost).reduce((sum, [from, to]) => sum + batchTime(sorted.slice(from, to), cost), 0);

/** Any growing law: a fixed part, a part per row and parts per element. */
const laws = fc
  .tuple(fc.nat(5000), fc.nat(500), fc.nat(20), fc.nat(10))
  .map(([a, b, c, d]) => CostModel.fromTable(tableOf((n, l) => 1 + a + b * n + c * n * l + (d * n * l * l) / 100, 50)));
const requests = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 40 });

describe("cutting a backlog", () => {
  it("covers every request exactly once, in order", () => {
    fc.assert(
      fc.property(requests, laws, (lengths, cost) => {
        const sorted = sortedByLength(lengths.map((length) => request(length)));
        const cut = cutByCost(sorted, { maximumRows: 8, maximumBatchMicroseconds: 1e9 }, cost);
        expect(cut.flatMap(([from, to]) => sorted.slice(from, to))).toEqual(sorted);
      }),
    );
  });

  it("is never slower in total than batches in order of arrival, of any size", () => {
    fc.assert(
      fc.property(requests, laws, fc.integer({ min: 1, max: 16 }), (lengths, cost, size) => {
        const arrived = lengths.map((length) => request(length));
        let fifo = 0;
        for (let i = 0; i < arrived.length; i += size) fifo += batchTime(arrived.slice(i, i + size), cost);
        const ours = cutTime(sortedByLength(arrived), { maximumRows: 16, maximumBatchMicroseconds: 1e12 }, cost);
        expect(ours).toBeLessThanOrEqual(fifo * (1 + 1e-9));
      }),
    );
  });

  it("finds the best of all cuts of a small backlog", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 9 }), laws, (lengths, cost) => {
        const sorted = sortedByLength(lengths.map((length) => request(length)));
        const limits = { maximumRows: 4, maximumBatchMicroseconds: 1e12 };
        let best = Number.POSITIVE_INFINITY;
        for (let mask = 0; mask < 2 ** (sorted.length - 1); mask += 1) {
          const batches: QueuedRequest[][] = [[]];
          sorted.forEach((one, i) => {
            batches.at(-1)?.push(one);
            if ((mask >> i) & 1 && i < sorted.length - 1) batches.push([]);
          });
          if (batches.some((batch) => batch.length > limits.maximumRows)) continue;
          best = Math.min(
            best,
            batches.reduce((sum, batch) => sum + batchTime(batch, cost), 0),
          );
        }
        expect(cutTime(sorted, limits, cost)).toBeCloseTo(best, 3);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps the caps on rows and on duration, but lets a large request through alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 6 })), {
          minLength: 1,
          maxLength: 30,
        }),
        laws,
        fc.integer({ min: 1, max: 100_000 }),
        (shapes, cost, cap) => {
          const sorted = sortedByLength(shapes.map(([length, rows]) => request(length, rows)));
          for (const [from, to] of cutByCost(sorted, { maximumRows: 4, maximumBatchMicroseconds: cap }, cost)) {
            const batch = sorted.slice(from, to);
            if (batch.length === 1) continue;
            const rows = batch.reduce((sum, one) => sum + one.rows, 0);
            expect(rows).toBeLessThanOrEqual(4);
            expect(cost.batchMicroseconds(rows, batch.at(-1)?.length as number)).toBeLessThanOrEqual(cap);
          }
        },
      ),
    );
  });
});
