import { describe, expect, it } from "vitest";
import { nextRowCount, refiningSamples, representativeSamples } from "./representatives.ts";

describe("choosing what to measure", () => {
  it("spans the workload from the shortest to the longest sample", () => {
    const lengths = [40, 8, 16, 300, 24, 12, 64, 32];
    const chosen = representativeSamples(lengths, "Fine").map((index) => lengths[index]);
    expect(chosen[0]).toBe(8);
    expect(chosen.at(-1)).toBe(300);
    expect(chosen).toEqual(chosen.toSorted((a, b) => (a as number) - (b as number)));
  });

  it("measures fewer lengths where the budget is small", () => {
    const even = Array.from({ length: 101 }, (_, i) => 100 + i);
    expect(representativeSamples(even, "Coarse")).toEqual([0, 50, 90, 100]);
    expect(representativeSamples(even, "Fine")).toEqual([0, 25, 50, 75, 90, 100]);
  });

  it("leaves no wide gap between the lengths of a long tail", () => {
    const lengths = [5, 8, 20, 22, 24, 26, 60, 110, 120, 280];
    const chosen = representativeSamples(lengths, "Coarse").map((index) => lengths[index] as number);
    const ratios = chosen.slice(1).map((length, i) => length / (chosen[i] as number));
    expect(Math.max(...ratios)).toBeLessThanOrEqual(3);
  });

  it("measures a fixed shape once", () => {
    expect(representativeSamples([7, 7, 7], "Fine")).toHaveLength(1);
  });

  it("refines a table where its lengths lie furthest apart", () => {
    const lengths = [8, 16, 20, 32, 48, 64, 300];
    const chosen = [0, 3, 5, 6];
    expect(refiningSamples(lengths, chosen).map((index) => lengths[index])).toEqual([16, 48]);
    expect(refiningSamples(lengths, [0])).toEqual([]);
  });

  it("goes on to larger batches while they may pay", () => {
    expect(nextRowCount([[1, 1000]], 50_000)).toBe(2);
    expect(
      nextRowCount(
        [
          [1, 1000],
          [2, 1500],
          [4, 2800],
        ],
        50_000,
      ),
    ).toBe(8);
  });

  it("stops where a batch would take longer than any target allows", () => {
    expect(nextRowCount([[1, 60_000]], 50_000)).toBeNull();
  });

  it("stops where a batch has become slower per row", () => {
    expect(
      nextRowCount(
        [
          [1, 1000],
          [2, 2400],
        ],
        50_000,
      ),
    ).toBeNull();
  });

  it("stops at the largest batch that it knows", () => {
    expect(
      nextRowCount(
        [
          [1, 10],
          [16, 100],
        ],
        50_000,
      ),
    ).toBeNull();
  });
});
