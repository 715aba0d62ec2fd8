import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { watchEventLoopDelay } from "./event-loop-delay.ts";

describe("the watch over the event loop", () => {
  it("sees a stall, and sees nothing more when it has ended", async () => {
    const seen: number[] = [];
    const end = watchEventLoopDelay((seconds) => seen.push(seconds));
    try {
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(2));
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(0);
      const until = performance.now() + 400;
      while (performance.now() < until);
      await vi.waitFor(() => expect(Math.max(...seen)).toBeGreaterThan(0.3));
    } finally {
      end();
    }
    const count = seen.length;
    await sleep(200);
    expect(seen).toHaveLength(count);
  });
});
