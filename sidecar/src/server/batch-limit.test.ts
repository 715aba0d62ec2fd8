import { describe, expect, it } from "vitest";
import { batchLimitMilliseconds } from "./batch-limit.ts";

const second = 1_000_000;

describe("the time after which a batch counts as hung", () => {
  it("is twenty times what the table says, for each batch that the engine has", () => {
    expect(batchLimitMilliseconds(0.5 * second, 60 * second, 1)).toBe(10_000);
    expect(batchLimitMilliseconds(0.5 * second, 60 * second, 2)).toBe(20_000);
  });

  it("leaves half of the time until the deadline for another try, within bounds", () => {
    expect(batchLimitMilliseconds(1000, 3 * second, 1)).toBe(1500);
    expect(batchLimitMilliseconds(1000, 60 * second, 1)).toBe(2000);
    expect(batchLimitMilliseconds(1000, -second, 1)).toBe(500);
  });

  it("is a minute where nothing was measured", () => {
    expect(batchLimitMilliseconds(null, second, 2)).toBe(120_000);
  });
});
