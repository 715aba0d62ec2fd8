import { describe, expect, it } from "vitest";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { WantedEntries } from "./wanted-entries.ts";

const made = () => ({ made: true });

describe("entries that are wanted", () => {
  it("are the same as long as somebody wants them now and then", () => {
    const clock = new VirtualClock();
    const entries = new WantedEntries<object>(clock, 1000);
    const first = entries.want("a", made);
    for (let look = 0; look < 10; look++) {
      clock.jump(900);
      expect(entries.want("a", made)).toBe(first);
    }
    expect(entries.want("b", made)).not.toBe(first);
  });

  it("are forgotten some time after nobody wants them any more", () => {
    const clock = new VirtualClock();
    const entries = new WantedEntries<object>(clock, 1000);
    for (const key of ["a", "b", "c"]) entries.want(key, made);
    for (let look = 0; look < 20; look++) {
      clock.jump(100);
      entries.want("a", made);
      if (look === 8) expect(entries.size).toBe(3);
    }
    expect(entries.size).toBe(1);
  });
});
