import { describe, expect, it } from "vitest";
import { sleep } from "../runtime/index.ts";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { Turns } from "./turns.ts";

describe("turns", () => {
  it("let so many run at a time, the others in their order, and one more when one throws", async () => {
    const clock = new VirtualClock();
    const turns = new Turns(2);
    const begun: number[] = [];
    const work = (name: number) =>
      turns.run(async () => {
        begun.push(name);
        await sleep(clock, 100);
        if (name % 2 === 0) throw new Error(`${name} failed`);
        return name;
      });
    const ended = Promise.allSettled([1, 2, 3, 4, 5].map(work));
    await clock.advance(99);
    expect(begun).toEqual([1, 2]);
    await clock.advance(100);
    expect(begun).toEqual([1, 2, 3, 4]);
    await clock.advance(101);
    const results = await ended;
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    expect(results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.message))).toEqual([
      ...[1, "2 failed", 3, "4 failed", 5],
    ]);
  });
});
