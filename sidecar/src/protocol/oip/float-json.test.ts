import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatsJson } from "./float-json.ts";

const parsed = (values: number[]) => JSON.parse(`[${floatsJson(Float32Array.from(values))}]`);

describe("floats as JSON", () => {
  it("give back the same float, whatever its size", () => {
    const any = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ min: -10, max: 10, noNaN: true }),
      fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
      fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((value) => Math.fround(value)),
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), (values) => {
        const back = Float32Array.from(parsed(values)).map((value) => value + 0);
        expect(back).toEqual(Float32Array.from(values).map((value) => value + 0));
      }),
      { numRuns: 2000 },
    );
  });

  it("are short where the number is", () => {
    expect(floatsJson(Float32Array.of(0, -0, 1, -1, 0.5, 10, 100, 0.25, 1e8, 1024, -0.001953125))).toBe(
      "0,0,1,-1,0.5,10,100,0.25,100000000,1024,-0.001953125",
    );
  });

  it("have at most nine significant digits", () => {
    expect(floatsJson(Float32Array.of(0.1, 1 / 3, 12345.678))).toBe("0.100000001,0.333333343,12345.6777");
  });

  it("write null for what JSON does not have", () => {
    expect(parsed([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2])).toEqual([null, null, null, 2]);
  });

  it("handle very large and very small numbers, and many of them", () => {
    expect(parsed([3e38, -1e-38, 1e-45]).map(Math.fround)).toEqual([3e38, -1e-38, 1e-45].map(Math.fround));
    expect(parsed(new Array(20_000).fill(-1.1754943e-38))).toHaveLength(20_000);
  });
});
