import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, VirtualClock } from "../testing/virtual-clock.ts";
import { KeyedQueue, type Priority } from "./keyed-queue.ts";

function setUp() {
  const clock = new VirtualClock();
  const queue = new KeyedQueue({ clock, random: seededRandom(), backoff: { baseMs: 100, capMs: 10_000 } });
  return { clock, queue };
}

describe("the keyed queue (promises Q1 to Q7)", () => {
  it("makes one take of several adds (Q1)", async () => {
    const { queue } = setUp();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect([await queue.take(), await queue.take(), queue.depth]).toEqual(["a", "b", 0]);
  });

  it("hands a key that was added during its work out again, once the work is done (Q2)", async () => {
    const { clock, queue } = setUp();
    queue.add("a");
    await queue.take();
    queue.add("a");
    const next = queue.take();
    await clock.settle();
    expect(queue.active).toBe(1);
    queue.done("a");
    expect(await next).toBe("a");
  });

  it("takes the earliest of several delays, and an immediate add overtakes them (Q3)", async () => {
    const { clock, queue } = setUp();
    queue.add("a", { afterMs: 5_000 });
    queue.add("a", { afterMs: 1_000 });
    queue.add("a", { afterMs: 3_000 });
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect([queue.depth, queue.delayed]).toEqual([1, 0]);
    queue.add("b", { afterMs: 60_000 });
    queue.add("b");
    expect([queue.depth, queue.delayed]).toEqual([2, 0]);
  });

  it("hands out high before normal, and a key keeps its highest priority (Q4)", async () => {
    const { queue } = setUp();
    queue.add("n1");
    queue.add("n2");
    queue.add("h", { priority: "high" });
    queue.add("h");
    queue.add("n2", { priority: "high" });
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["h", "n2", "n1"]);
  });

  it("does not starve normal keys under a flood of high ones (Q4)", async () => {
    const { queue } = setUp();
    queue.add("normal");
    for (let at = 0; at < 20; at++) queue.add(`high-${at}`, { priority: "high" });
    const taken: (string | undefined)[] = [];
    for (let at = 0; at < 8; at++) taken.push(await queue.take());
    expect(taken).toContain("normal");
  });

  it("begins the back-off anew after forget (Q5)", () => {
    const { queue } = setUp();
    for (let at = 0; at < 6; at++) queue.addAfterFailure("a");
    expect(queue.failuresOf("a")).toBe(6);
    queue.forget("a");
    expect(queue.addAfterFailure("a")).toBeLessThanOrEqual(100);
  });

  it("keeps back-offs between half and whole of the exponential, at most the cap (Q5)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer(), (failures, seed) => {
        const queue = new KeyedQueue({
          clock: new VirtualClock(),
          random: seededRandom(seed),
          backoff: { baseMs: 100, capMs: 10_000 },
        });
        let delay = 0;
        for (let at = 0; at < failures; at++) delay = queue.addAfterFailure("a");
        const whole = Math.min(10_000, 100 * 2 ** (failures - 1));
        expect(delay).toBeGreaterThanOrEqual(whole / 2);
        expect(delay).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it("closes: hands out nothing more and waits for what was taken (Q6)", async () => {
    const { clock, queue } = setUp();
    queue.add("a");
    queue.add("b");
    queue.add("c", { afterMs: 10 });
    await queue.take();
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    expect(await queue.take()).toBeUndefined();
    await clock.advance(1_000);
    expect([closed, queue.depth]).toEqual([false, 0]);
    queue.add("a");
    queue.done("a");
    await closing;
    expect(await queue.take()).toBeUndefined();
  });

  it("ends the waiting of takers when it closes (Q6)", async () => {
    const { queue } = setUp();
    const waiting = [queue.take(), queue.take()];
    await queue.close();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });
});

type Step =
  | { readonly kind: "add"; readonly key: string; readonly priority: Priority; readonly afterMs: number }
  | { readonly kind: "fail"; readonly key: string }
  | { readonly kind: "wait"; readonly milliseconds: number };

const keys = fc.constantFrom("a", "b", "c", "d");
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    key: keys,
    priority: fc.constantFrom<Priority>("high", "normal"),
    afterMs: fc.constantFrom(0, 0, 5, 50),
  }),
  fc.record({ kind: fc.constant("fail" as const), key: keys }),
  fc.record({ kind: fc.constant("wait" as const), milliseconds: fc.integer({ min: 0, max: 40 }) }),
);

describe("the keyed queue under any sequence (promises Q1, Q2, Q7)", () => {
  it("loses no add, and never lets two workers have one key (Q7)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (sequence, workers) => {
          const { clock, queue } = setUp();
          const active = new Set<string>();
          const lastAdd = new Map<string, number>();
          const lastStart = new Map<string, number>();
          let order = 0;
          const work = async (): Promise<void> => {
            for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
              expect(active.has(key)).toBe(false);
              active.add(key);
              lastStart.set(key, ++order);
              await new Promise<void>((resolve) => clock.after(7, resolve));
              active.delete(key);
              queue.done(key);
            }
          };
          const running = Array.from({ length: workers }, work);
          for (const step of sequence) {
            if (step.kind === "wait") await clock.advance(step.milliseconds);
            else {
              lastAdd.set(step.key, ++order);
              if (step.kind === "add") queue.add(step.key, step);
              else queue.addAfterFailure(step.key);
            }
          }
          await clock.advance(20_000);
          for (const [key, added] of lastAdd) expect(lastStart.get(key)).toBeGreaterThan(added);
          await queue.close();
          await Promise.all(running);
        },
      ),
      { numRuns: 60 },
    );
  });
});
