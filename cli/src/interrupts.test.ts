import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { watchInterrupts } from "./interrupts.ts";

function watching() {
  const source = new EventEmitter();
  const clock = { time: 1000 };
  const calls: string[] = [];
  const interrupts = watchInterrupts(
    () => calls.push("first"),
    () => calls.push("now"),
    { source, now: () => clock.time },
  );
  return { source, clock, calls, interrupts };
}

describe("watchInterrupts", () => {
  it("stops at the first Ctrl-C and ends at the second", () => {
    const { source, clock, calls, interrupts } = watching();
    source.emit("SIGINT");
    expect(interrupts.signal.aborted).toBe(true);
    clock.time += 2000;
    source.emit("SIGINT");
    expect(calls).toEqual(["first", "now"]);
  });

  it("takes a signal that arrives twice, as under npm run, for one key press", () => {
    const { source, clock, calls } = watching();
    source.emit("SIGINT");
    clock.time += 20;
    source.emit("SIGINT");
    expect(calls).toEqual(["first"]);
  });

  it("treats SIGTERM alike", () => {
    const { source, calls } = watching();
    source.emit("SIGTERM");
    expect(calls).toEqual(["first"]);
  });

  it("leaves signals alone after it was released", () => {
    const { source, calls, interrupts } = watching();
    interrupts.release();
    source.emit("SIGINT");
    expect(calls).toEqual([]);
    expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
  });
});
