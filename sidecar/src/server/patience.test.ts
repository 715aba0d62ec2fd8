import { describe, expect, it } from "vitest";
import { Patience } from "./patience.ts";

const second = 1e6;

describe("the patience of clients", () => {
  it("is the longest of late, and forgotten after a minute", () => {
    const patience = new Patience();
    expect(patience.longest(0)).toBe(Number.POSITIVE_INFINITY);
    patience.note(50_000, 1 * second);
    patience.note(900_000, 2 * second);
    expect(patience.longest(29 * second)).toBe(900_000);
    patience.note(50_000, 35 * second);
    expect(patience.longest(40 * second)).toBe(900_000);
    patience.note(50_000, 66 * second);
    expect(patience.longest(67 * second)).toBe(50_000);
    expect(patience.longest(300 * second)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is asked for again now and then, so that a client with more of it is found among others", () => {
    const patience = new Patience();
    const read = Array.from({ length: 160 }, () => patience.isSample()).filter(Boolean);
    expect(read.length).toBe(10);
  });
});
