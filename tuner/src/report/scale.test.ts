import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, figure, percentileName } from "./format.ts";
import { spread } from "./plot.ts";
import { linearScale, logScale } from "./scale.ts";

const extent = { from: 50, to: 450 };
const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

describe("scales", () => {
  it("keep all values and ticks within the drawing", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1 }), (values) => {
        for (const scale of [linearScale(values, extent), logScale(values, extent)]) {
          for (const value of [...values, ...scale.ticks]) {
            expect(scale.at(value)).toBeGreaterThanOrEqual(extent.from - 1e-6);
            expect(scale.at(value)).toBeLessThanOrEqual(extent.to + 1e-6);
          }
        }
      }),
    );
  });

  it("have a readable number of ticks at round values", () => {
    expect(linearScale([318], extent).ticks).toEqual([0, 100, 200, 300, 400]);
    expect(logScale([1.2, 40], extent).ticks).toEqual([2, 5, 10, 20]);
    expect(linearScale([0], extent).ticks.length).toBeGreaterThan(1);
  });
});

describe("spread", () => {
  it("moves labels apart and keeps their order", () => {
    expect(spread([10, 11, 50], 13)).toEqual([10, 23, 50]);
    expect(spread([50, 11, 10], 13)).toEqual([50, 23, 10]);
  });
});

describe("figures", () => {
  it.each([
    [0, "0"],
    [0.01234, "0.0123"],
    [4.5678, "4.57"],
    [78.94, "78.9"],
    [318.4, "318"],
    [12345.6, "12,346"],
  ])("writes %d as %s", (value, text) => expect(figure(value)).toBe(text));

  it("names percentiles as people write them", () => {
    expect(percentileName("P50")).toBe("p50");
    expect(percentileName("P999")).toBe("p99.9");
  });

  it("chooses the unit of bytes", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(69_000_000)).toBe("69 MB");
    expect(bytes(999)).toBe("999 B");
  });
});
