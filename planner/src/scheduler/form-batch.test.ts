import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CostModel } from "../cost/cost-model.ts";
import { withoutBatching } from "../search/policies.ts";
import { tableOf } from "../testing/servers.ts";
import { formBatch } from "./form-batch.ts";
import type { QueuedRequest } from "./queued-request.ts";

const batching = { ...withoutBatching, maximumRows: 8 };
const cost = CostModel.fromTable(tableOf((rows, length) => 1000 + 100 * rows + 5 * rows * length));
const never = Number.POSITIVE_INFINITY;
const request = (fields: Partial<QueuedRequest>): QueuedRequest => ({
  arrival: 0,
  deadline: never,
  rows: 1,
  length: 16,
  group: "a",
  ...fields,
});
const dispatched = (decision: ReturnType<typeof formBatch>) =>
  decision.kind === "Dispatch" ? decision.requests : expect.fail(`expected a batch, got ${decision.kind}`);

const backlog = fc
  .array(
    fc.record({
      rows: fc.integer({ min: 1, max: 4 }),
      length: fc.integer({ min: 1, max: 256 }),
      group: fc.constantFrom("a", "b"),
      deadline: fc.oneof(fc.constant(never), fc.integer({ min: 1, max: 20_000 })),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((list) => list.map((fields, arrival) => request({ ...fields, arrival })));

describe("forming a batch", () => {
  it("serves every request exactly once and starves none: the oldest is always in the next batch", () => {
    const policies = fc.constantFrom(batching, withoutBatching, { ...batching, former: "Fifo" as const });
    fc.assert(
      fc.property(backlog, policies, fc.integer({ min: 1, max: 3 }), (requests, policy, idle) => {
        let queue = requests;
        const served: QueuedRequest[] = [];
        while (queue.length > 0) {
          const batch = dispatched(formBatch(queue, 100, idle, policy, cost));
          expect(batch).toContain(queue[0]);
          served.push(...batch);
          queue = queue.filter((one) => !batch.includes(one));
        }
        expect(served.toSorted((a, b) => a.arrival - b.arrival)).toEqual(requests);
      }),
    );
  });

  it("never mixes groups and keeps the cap on rows", () => {
    fc.assert(
      fc.property(backlog, (requests) => {
        const batch = dispatched(formBatch(requests, 0, 1, batching, cost));
        expect(new Set(batch.map((one) => one.group)).size).toBe(1);
        if (batch.length > 1) expect(batch.reduce((sum, one) => sum + one.rows, 0)).toBeLessThanOrEqual(8);
      }),
    );
  });

  it("does not make a request late that would be in time alone", () => {
    fc.assert(
      fc.property(backlog, fc.integer({ min: 0, max: 10_000 }), (requests, now) => {
        const batch = dispatched(formBatch(requests, now, 1, batching, cost));
        const rows = batch.reduce((sum, one) => sum + one.rows, 0);
        const end = now + cost.servingMicroseconds(rows, batch.length, Math.max(...batch.map((one) => one.length)));
        for (const one of batch) {
          const alone = now + cost.servingMicroseconds(one.rows, 1, one.length);
          // The oldest may stay in a batch of its own kind; all others leave it to be in time.
          if (alone <= one.deadline) expect(end).toBeLessThanOrEqual(one.deadline);
        }
      }),
    );
  });

  it("puts like lengths together instead of padding short requests to a long one", () => {
    const queue = [16, 250, 16, 248, 17].map((length, arrival) => request({ length, arrival }));
    expect(dispatched(formBatch(queue, 0, 1, batching, cost)).map((one) => one.length)).toEqual([16, 16, 17]);
  });

  it("takes a full batch of equal requests first and leaves the remainder for later", () => {
    const queue = Array.from({ length: 62 }, (_, arrival) => request({ arrival }));
    expect(dispatched(formBatch(queue, 100, 1, batching, cost))).toHaveLength(8);
  });

  it("shares a short queue among idle engines", () => {
    const queue = [0, 1].map((arrival) => request({ arrival }));
    expect(dispatched(formBatch(queue, 5, 2, batching, cost))).toHaveLength(1);
    expect(dispatched(formBatch(queue, 5, 1, batching, cost))).toHaveLength(2);
  });

  it("waits for a fuller batch only where the plan says so, and only so long", () => {
    const policy = { ...batching, holdMicroseconds: 500 };
    const queue = [request({ arrival: 1000 })];
    expect(formBatch(queue, 1100, 1, policy, cost)).toEqual({ kind: "Hold", until: 1500 });
    expect(formBatch(queue, 1500, 1, policy, cost).kind).toBe("Dispatch");
    expect(formBatch(queue, 1100, 1, batching, cost).kind).toBe("Dispatch");
    const full = Array.from({ length: 8 }, () => request({ arrival: 1000 }));
    expect(formBatch(full, 1100, 1, policy, cost).kind).toBe("Dispatch");
  });

  it("is idle without requests", () => {
    expect(formBatch([], 0, 1, batching, cost)).toEqual({ kind: "Idle" });
  });
});
