import { describe, expect, it } from "vitest";
import { handOverOf } from "./hand-over.ts";

describe("the hand-over to an engine", () => {
  it("is split into a part for each batch and one for each row", () => {
    const overhead = handOverOf([1, 2, 4, 8].map((rows) => ({ rows, microseconds: 300 + 120 * rows })));
    expect(overhead.perBatchMicroseconds).toBeCloseTo(300, 3);
    expect(overhead.perRequestMicroseconds).toBeCloseTo(120, 3);
  });

  it("never goes below nothing, however noisy it was measured", () => {
    const overhead = handOverOf([
      { rows: 1, microseconds: 900 },
      { rows: 8, microseconds: 100 },
    ]);
    expect(overhead.perBatchMicroseconds).toBeGreaterThan(0);
    expect(overhead.perRequestMicroseconds).toBe(0);
  });
});
