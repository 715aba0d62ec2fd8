import { mean } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { thinned } from "./thin-shapes.ts";

const shapesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ rows: 1, length: 1 + ((i * 37) % count), group: "" }));
const meanLength = (shapes: ReturnType<typeof shapesOf>) => mean(shapes.map(({ length }) => length));

describe("thinning a workload", () => {
  it("keeps a small one as it is", () => {
    expect(thinned(shapesOf(5), 256)).toEqual(shapesOf(5));
  });

  it("keeps the mix of lengths of a large one", () => {
    const few = thinned(shapesOf(5000), 256);
    expect(few).toHaveLength(256);
    expect(meanLength(few) / meanLength(shapesOf(5000))).toBeCloseTo(1, 2);
  });
});
