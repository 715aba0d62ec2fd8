import { describe, expect, it } from "vitest";
import { sleep } from "../runtime/index.ts";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { waitAtMost } from "./wait-at-most.ts";

/** When a wait of at most 100 ms ended for an answer that takes so long. */
async function endedAt(milliseconds: number): Promise<number> {
  const clock = new VirtualClock();
  const ended = waitAtMost(clock, 100, sleep(clock, milliseconds)).then(() => clock.now());
  await clock.advance(1000);
  return await ended;
}

describe("a wait with an end", () => {
  it("ends with the answer, and without it when the time is over", async () => {
    expect(await endedAt(30)).toBe(30);
    expect(await endedAt(500)).toBe(100);
  });
});
