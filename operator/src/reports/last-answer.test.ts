import { describe, expect, it } from "vitest";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { LastAnswer } from "./last-answer.ts";

const good = { requests: 7 };
const refused = { problem: "refused" };

describe("the last answer", () => {
  it("is a problem until there is one, and then the newest", () => {
    const last = new LastAnswer<typeof good>(new VirtualClock(), 1000);
    expect([last.missing, last.read()]).toEqual([true, { problem: "it has not answered yet" }]);
    last.note(refused);
    expect([last.missing, last.read()]).toEqual([false, refused]);
    last.note(good);
    expect(last.read()).toBe(good);
  });

  it("counts while it is good and not old, whatever problems come after", () => {
    const clock = new VirtualClock();
    const last = new LastAnswer<typeof good>(clock, 1000);
    last.note(good);
    clock.jump(1000);
    last.note(refused);
    expect(last.read()).toBe(good);
    clock.jump(1);
    expect(last.read()).toEqual({ problem: "it answers no more" });
    last.note(refused);
    expect(last.read()).toBe(refused);
  });
});
