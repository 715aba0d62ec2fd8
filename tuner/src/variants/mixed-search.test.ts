import { describe, expect, it } from "vitest";
import { type Mix, nextMix } from "./mixed-search.ts";

/** Searches where so many nodes at least must stay FP32. */
function search(nodes: number, needed: number, known: readonly Mix[] = []): Mix[] {
  const tried = [...known];
  for (let kept = nextMix(nodes, tried); kept !== null; kept = nextMix(nodes, tried)) {
    tried.push({ kept, passed: kept >= needed });
    if (tried.length > 30) throw new Error("endless");
  }
  return tried;
}

const best = (tried: readonly Mix[]): number =>
  Math.min(...tried.filter(({ passed }) => passed).map(({ kept }) => kept));

describe("the search for a mix of INT8 and FP32", () => {
  it("finds the fewest nodes that must stay FP32, within a twentieth of all", () => {
    for (const nodes of [1, 2, 5, 18, 100]) {
      for (let needed = 0; needed < nodes; needed += 1) {
        const found = best(search(nodes, needed));
        expect(found).toBeGreaterThanOrEqual(needed);
        expect(found - needed).toBeLessThanOrEqual(0.05 * nodes);
      }
    }
  });

  it("takes few tries where few nodes are to blame", () => {
    expect(search(100, 1).length).toBeLessThanOrEqual(2);
    expect(search(100, 3).length).toBeLessThanOrEqual(6);
    expect(search(100, 90).length).toBeLessThanOrEqual(12);
  });

  it("does not try again what is known to fail, and never keeps all", () => {
    const tried = search(10, 11, [{ kept: 0, passed: false }]);
    expect(tried.filter(({ kept }) => kept === 0)).toHaveLength(1);
    expect(Math.max(...tried.map(({ kept }) => kept))).toBe(9);
    expect(nextMix(1, [{ kept: 0, passed: false }])).toBeNull();
  });
});
