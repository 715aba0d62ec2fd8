import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockScore } from "./block-score.ts";
import { switchbackBlock } from "./switchback-block.ts";

const design = { seed: 1, blockSeconds: 12, washOutSeconds: 2 };

describe("the blocks of a switchback", () => {
  it("have both plans in each pair, in an order that no one can foresee, and the same order when asked again", () => {
    const seconds = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 1e6 }), (elapsed, seed) => {
        const own = { ...design, seed };
        const block = switchbackBlock(own, elapsed);
        const start = block.pair * 24;
        const arms = [start, start + 12].map((at) => switchbackBlock(own, at).arm);
        expect(arms.toSorted()).toEqual(["Candidate", "Incumbent"]);
        expect(switchbackBlock(own, elapsed)).toEqual(block);
        expect(block.until).toBeGreaterThan(elapsed);
        expect(block.washingOut).toBe(elapsed % 12 < 2);
      }),
    );
  });

  it("begin with either plan equally often, and otherwise in each pod", () => {
    const first = (seed: number) =>
      Array.from({ length: 400 }, (_, pair) => switchbackBlock({ ...design, seed }, pair * 24).arm === "Candidate");
    const [one, other] = [first(1), first(2)];
    for (const pod of [one, other]) expect(Math.abs(pod.filter(Boolean).length - 200)).toBeLessThan(40);
    expect(Math.abs(one.filter((arm, i) => arm === other[i]).length - 200)).toBeLessThan(40);
  });
});

describe("the score of a block", () => {
  it("counts what was refused, and bounds what was very late", () => {
    expect(blockScore([10, 30], 0, 50)).toBe(20);
    expect(blockScore([10, 30, 1e9], 1, 50)).toBe((10 + 30 + 200 + 200) / 4);
    expect(blockScore([], 0, 50)).toBeNull();
  });
});
