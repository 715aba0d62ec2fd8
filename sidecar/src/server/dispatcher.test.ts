import { type AdmissionPolicy, apiVersion, type BatchPolicy } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApiError } from "../protocol/errors.ts";
import type { Tensor } from "../tensor.ts";
import { fixedCosts } from "./batch-costs.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Ticket } from "./submission.ts";
import { FakePool, type FakeRun } from "./testing/fake-pool.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const policy: BatchPolicy = {
  former: "CostTable",
  maximumRows: 8,
  maximumBatchMicroseconds: 1_000_000,
  holdMicroseconds: 0,
  windowRequests: 64,
  inFlightPerInstance: 1,
};
const admission: AdmissionPolicy = { maximumQueuedRows: 1000, maximumQueuedBytes: 1e9, refuseLate: false };
const none = { batchFinished: () => undefined, batchFailed: () => undefined };

/** Every row of a request holds the request's number, so that an answer shows whose it is. */
const tensorOf = (id: number, rows: number): Tensor => ({
  name: "x",
  datatype: "INT32",
  shape: [rows, 1],
  data: new Uint8Array(Int32Array.from({ length: rows }, () => id).buffer),
});
const idsIn = (inputs: readonly Tensor[]): number[] => [...new Int32Array(new Uint8Array(inputs[0]!.data).buffer)];

function serverOf(
  run: (ids: number[]) => FakeRun,
  instances = 1,
  changes: Partial<BatchPolicy> = {},
  costs = fixedCosts(CostModel.unmeasured()),
) {
  const clock = new VirtualClock();
  const pool = new FakePool(clock, instances, (inputs) => run(idsIn(inputs)));
  const settings = { policy: { ...policy, ...changes }, admission, costs };
  const dispatcher = new Dispatcher(pool, undefined, settings, clock, none);
  const answered = new Map<number, string>();
  const submit = (id: number, { rows = 1, group = "", timeout = 1e9 } = {}): Ticket => {
    const now = clock.now();
    const ticket = dispatcher.submit({
      inputs: [tensorOf(id, rows)],
      outputs: ["x"],
      shape: { rows, length: 1, group },
      bytes: 4 * rows,
      arrival: now,
      onTimeUntil: now + timeout,
      deadline: now + timeout,
    });
    const note = (text: string) => answered.set(id, answered.has(id) ? "answered twice" : text);
    ticket.answer.then(
      ({ outputs }) =>
        note(
          idsIn(outputs).every((other) => other === id) && outputs[0]!.shape[0] === rows ? "ok" : "another's answer",
        ),
      (error: ApiError) => note(error.code),
    );
    return ticket;
  };
  return { clock, pool, dispatcher, submit, answered };
}

interface Step {
  readonly gap: number;
  readonly rows: number;
  readonly group: string;
  readonly timeout: number;
  readonly leaves: boolean;
  /** 0 takes all engines down, 1 brings them back. */
  readonly outage: number;
}

/** Sends one request per step and gives the ones whose clients left before they were answered. */
async function play(steps: readonly Step[], server: ReturnType<typeof serverOf>): Promise<Set<number>> {
  const { clock, pool, submit, answered } = server;
  const left = new Set<number>();
  for (const [id, { gap, leaves, outage, ...request }] of steps.entries()) {
    if (outage < 2) pool.setUp(outage === 1);
    const ticket = submit(id, request);
    await clock.run(clock.now() + gap);
    if (!leaves || answered.has(id)) continue;
    ticket.cancel();
    left.add(id);
  }
  return left;
}

describe("the dispatcher", () => {
  it("puts requests that come together into one batch", async () => {
    const { clock, pool, submit, answered } = serverOf(() => ({ microseconds: 100 }));
    for (let id = 0; id < 5; id += 1) submit(id);
    await clock.run();
    expect(pool.batches).toHaveLength(1);
    expect([...answered.values()]).toEqual(Array(5).fill("ok"));
  });

  it("runs a request with more rows than a batch may have, alone", async () => {
    const { clock, pool, submit, answered } = serverOf(() => ({ microseconds: 100 }));
    submit(1, { rows: 50 });
    submit(2);
    await clock.run();
    expect(pool.batches.map(([input]) => input!.shape[0])).toEqual([50, 1]);
    expect([...answered.values()]).toEqual(["ok", "ok"]);
  });

  it("finds the request that kills engines and answers its batch-mates", async () => {
    for (const failure of ["Crashed", "Hung"] as const) {
      const { clock, submit, answered } = serverOf((ids) => ({
        microseconds: 100,
        ...(ids.includes(5) ? { failure } : {}),
      }));
      for (let id = 0; id < 8; id += 1) submit(id);
      await clock.run();
      expect(answered.get(5)).toBe("EngineFailed");
      expect([...answered].filter(([id]) => id !== 5).map(([, text]) => text)).toEqual(Array(7).fill("ok"));
    }
  });

  it("finds a hung engine in time to answer its requests before their deadline", async () => {
    const table = { rows: 1, length: 1, microseconds: 1000, samples: 1 };
    const cost = CostModel.fromTable({
      apiVersion,
      kind: "CostTable",
      cells: [table, { ...table, rows: 8 }],
      noiseFactors: [1],
      overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
    });
    for (const seconds of [1.5, 4, 60]) {
      let runs = 0;
      const { clock, submit, answered } = serverOf(
        () => {
          runs += 1;
          return { microseconds: runs === 1 ? Number.POSITIVE_INFINITY : 1000 };
        },
        1,
        {},
        fixedCosts(cost, true),
      );
      for (let id = 0; id < 4; id += 1) submit(id, { timeout: seconds * 1e6 });
      await clock.run(clock.now() + Math.min(seconds, 2.1) * 1e6);
      expect([...answered.values()]).toEqual(Array(4).fill("ok"));
    }
  });

  it("answers a single request after one crash", async () => {
    let runs = 0;
    const { clock, submit, answered } = serverOf(() => {
      runs += 1;
      return { microseconds: 100, ...(runs === 1 ? { failure: "Crashed" as const } : {}) };
    });
    submit(1);
    await clock.run();
    expect([runs, answered.get(1)]).toEqual([2, "ok"]);
  });

  it("blames inputs that the model rejects on their request only", async () => {
    const { clock, submit, answered } = serverOf((ids) => ({
      microseconds: 100,
      ...(ids.includes(2) ? { failure: "Rejected" as const } : {}),
    }));
    for (let id = 0; id < 4; id += 1) submit(id);
    await clock.run();
    expect(Object.fromEntries(answered)).toEqual({ 0: "ok", 1: "ok", 2: "RejectedByModel", 3: "ok" });
  });

  it("keeps requests while no engine is up, until their deadline", async () => {
    const { clock, pool, submit, answered } = serverOf(() => ({ microseconds: 100 }));
    pool.setUp(false);
    submit(1, { timeout: 1000 });
    submit(2, { timeout: 1_000_000 });
    await clock.run(5000);
    expect(Object.fromEntries(answered)).toEqual({ 1: "DeadlineExpired" });
    pool.setUp(true);
    await clock.run();
    expect(answered.get(2)).toBe("ok");
  });

  it("never gives the requests of clients that left to an engine", async () => {
    const { clock, pool, dispatcher, submit, answered } = serverOf(() => ({ microseconds: 100 }), 1, {
      maximumRows: 1,
    });
    submit(1);
    await clock.run(50);
    const left = submit(2);
    submit(3);
    left.cancel();
    left.cancel();
    expect(dispatcher.load().queuedRows).toBe(1);
    await clock.run();
    expect(pool.batches.map(idsIn)).toEqual([[1], [3]]);
    expect(answered.has(2)).toBe(false);
  });

  it("holds an engine back as long as the plan says, and no longer", async () => {
    const { clock, pool, submit } = serverOf(() => ({ microseconds: 100 }), 1, { holdMicroseconds: 500 });
    submit(1);
    await clock.run(499);
    expect(pool.batches).toHaveLength(0);
    submit(2);
    await clock.run(500);
    expect(pool.batches.map(idsIn)).toEqual([[1, 2]]);
  });

  it("finishes what it accepted when it stops, and takes nothing more", async () => {
    const { clock, dispatcher, submit, answered } = serverOf(() => ({ microseconds: 100 }), 1, { maximumRows: 1 });
    for (let id = 0; id < 3; id += 1) submit(id);
    dispatcher.stop();
    expect(() => submit(9)).toThrow("shutting down");
    let drained = false;
    void dispatcher.drained().then(() => {
      drained = true;
    });
    await clock.run(250);
    expect(drained).toBe(false);
    await clock.run();
    expect([drained, [...answered.values()]]).toEqual([true, ["ok", "ok", "ok"]]);
  });

  it("answers what it abandons", async () => {
    const { clock, pool, dispatcher, submit, answered } = serverOf(() => ({ microseconds: 100 }), 1, {
      maximumRows: 1,
    });
    pool.setUp(false);
    for (let id = 0; id < 3; id += 1) submit(id);
    await clock.run(10);
    dispatcher.abandon();
    await clock.run();
    expect([...answered.values()]).toEqual(Array(3).fill("ShuttingDown"));
  });

  it("answers every request exactly once and starves none, whatever engines and clients do", async () => {
    const step = fc.record({
      gap: fc.nat(300),
      rows: fc.integer({ min: 1, max: 12 }),
      group: fc.constantFrom("a", "b", "c"),
      timeout: fc.constantFrom(200, 2000, 1e9),
      leaves: fc.boolean(),
      outage: fc.nat(9),
    });
    const scenario = fc.tuple(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      fc.constantFrom(0, 150),
      fc.infiniteStream(
        fc.constantFrom(
          undefined,
          undefined,
          undefined,
          "Crashed" as const,
          "Hung" as const,
          "Rejected" as const,
          "Unavailable" as const,
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ([steps, instances, inFlightPerInstance, holdMicroseconds, failures]) => {
        const run = () => {
          const failure = failures.next().value;
          return { microseconds: 130, ...(failure === undefined ? {} : { failure }) };
        };
        const server = serverOf(run, instances, {
          inFlightPerInstance,
          holdMicroseconds,
        });
        const { clock, pool, dispatcher, answered } = server;
        const left = await play(steps, server);
        pool.setUp(true);
        await clock.run();
        const { queuedRows, queuedBytes } = dispatcher.load();
        expect({ queuedRows, queuedBytes }).toEqual({ queuedRows: 0, queuedBytes: 0 });
        for (const id of steps.keys()) expect(answered.has(id)).toBe(!left.has(id));
        for (const text of answered.values())
          expect(text).toMatch(/^(ok|DeadlineExpired|RejectedByModel|EngineFailed)$/);
      }),
      { numRuns: 60 },
    );
  });
});
