import type { AdmissionPolicy, BatchPolicy } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import { fixedCosts } from "./batch-costs.ts";
import { Dispatcher } from "./dispatcher.ts";
import { FakePool } from "./testing/fake-pool.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const policy: BatchPolicy = {
  former: "CostTable",
  maximumRows: 4,
  maximumBatchMicroseconds: 1_000_000,
  holdMicroseconds: 0,
  windowRequests: 64,
  inFlightPerInstance: 1,
};
const admission: AdmissionPolicy = { maximumQueuedRows: 1000, maximumQueuedBytes: 1e9, refuseLate: false };
const none = { batchFinished: () => undefined, batchFailed: () => undefined };
const settings = { policy, admission, costs: fixedCosts(CostModel.unmeasured()) };

/** Each row holds the number of its request. */
const tensorOf = (id: number, rows: number): Tensor => ({
  name: "x",
  datatype: "INT32",
  shape: [rows, 1],
  data: new Uint8Array(Int32Array.from({ length: rows }, () => id).buffer),
});
const idsIn = ({ data }: Tensor): number[] => [...new Int32Array(new Uint8Array(data).buffer)];

interface Step {
  readonly gap: number;
  readonly rows: number;
  readonly leaves: boolean;
  readonly switches: boolean;
}

const steps = fc.array(
  fc.record({
    gap: fc.integer({ min: 0, max: 300 }),
    rows: fc.integer({ min: 1, max: 3 }),
    leaves: fc.boolean(),
    switches: fc.boolean(),
  }),
  { maxLength: 60 },
);

/** Two plans that take turns; what arrives goes to the one that serves, and every seventh batch of an engine crashes. */
async function play(script: readonly Step[]) {
  const clock = new VirtualClock();
  let batches = 0;
  const dispatcherOf = () => {
    const run = () => {
      batches += 1;
      return batches % 7 === 0 ? { microseconds: 200, failure: "Crashed" as const } : { microseconds: 500 };
    };
    return new Dispatcher(new FakePool(clock, 1, run), undefined, settings, clock, none);
  };
  const dispatchers = [dispatcherOf(), dispatcherOf()] as const;
  let [serving, other]: readonly Dispatcher[] = dispatchers;
  const outcomes = new Map<number, string[]>();
  const gone = new Set<number>();
  for (const [id, { gap, rows, leaves, switches }] of script.entries()) {
    if (switches) {
      [serving, other] = [other, serving];
      serving!.adopt(other!.release(), ([input]) => ({ rows: input!.shape[0]!, length: 1, group: "" }));
    }
    const ticket = serving!.submit({
      inputs: [tensorOf(id, rows)],
      outputs: ["x"],
      shape: { rows, length: 1, group: "" },
      bytes: 4 * rows,
      arrival: clock.now(),
      onTimeUntil: 1e9,
      deadline: 1e9,
    });
    const note = (text: string) => outcomes.set(id, [...(outcomes.get(id) ?? []), text]);
    ticket.answer.then(
      ({ outputs: [output] }) => note(idsIn(output!).join() === Array(rows).fill(id).join() ? "own" : "another's"),
      (error: ApiError) => note(error.code),
    );
    await clock.run(clock.now() + gap);
    if (leaves && id > 0 && !outcomes.has(id)) {
      gone.add(id);
      ticket.cancel();
    }
  }
  await clock.run(clock.now() + 1e6);
  return { outcomes, gone, dispatchers };
}

describe("plans that take turns", () => {
  it("answer each request once with its own rows, whichever has it, and keep nothing of those that left", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const { outcomes, gone, dispatchers } = await play(script);
        for (const id of script.keys()) expect(outcomes.get(id) ?? []).toEqual(gone.has(id) ? [] : ["own"]);
        for (const dispatcher of dispatchers) {
          expect(dispatcher.load()).toMatchObject({ queuedRows: 0, queuedBytes: 0, queuedMicroseconds: 0 });
          await dispatcher.drained();
        }
      }),
      { numRuns: 150 },
    );
  });

  it("hand over at once: nothing that waits stays with the plan whose turn is over", async () => {
    const clock = new VirtualClock();
    const [slow, quick] = [10_000, 100].map((microseconds) => {
      const pool = new FakePool(clock, 1, () => ({ microseconds }));
      return { pool, dispatcher: new Dispatcher(pool, undefined, settings, clock, none) };
    });
    const answered: number[] = [];
    for (let id = 0; id < 9; id += 1) {
      const { answer } = slow!.dispatcher.submit({
        inputs: [tensorOf(id, 1)],
        outputs: ["x"],
        shape: { rows: 1, length: 1, group: "" },
        bytes: 4,
        arrival: id,
        onTimeUntil: 1e9,
        deadline: 1e9,
      });
      void answer.then(() => answered.push(id));
    }
    await clock.run(50);
    quick!.dispatcher.adopt(slow!.dispatcher.release(), () => ({ rows: 1, length: 1, group: "" }));
    await clock.run(1000);
    expect(answered).toEqual([4, 5, 6, 7, 8]);
    expect([slow!.pool.batches.length, quick!.pool.batches.length]).toEqual([1, 2]);
    await clock.run(20_000);
    expect(answered.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
