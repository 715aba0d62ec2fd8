import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distributeEvenly, distributeReplicas, type ReplicaClaim } from "./replica-distribution.ts";

const claims = (capacities: readonly (number | null)[], standing: readonly number[] = []): ReplicaClaim[] =>
  capacities.map((capacity, index) => ({ capacity, standing: standing[index] ?? 0 }));
const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Looks until nothing moves any more. */
function settle(replicas: number, capacities: readonly (number | null)[], standing: readonly number[]): number[] {
  let counts = [...standing];
  for (let look = 0; look < 200; look++) counts = distributeReplicas(replicas, claims(capacities, counts), true);
  return counts;
}

const anyCapacities = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 6 });

describe("replicas over the targets", () => {
  it("go by what one of each carries, by the largest remainder", () => {
    expect(distributeReplicas(10, claims([400, 100]), true)).toEqual([8, 2]);
    // 5.71, 2.86 and 1.43 pods.
    expect(distributeReplicas(10, claims([400, 200, 100]), true)).toEqual([6, 3, 1]);
  });

  it("leave one with each target that is asked for", () => {
    expect(distributeReplicas(4, claims([1000, 1, 0]), true)).toEqual([2, 1, 1]);
  });

  it("are even while nothing is measured, and an unmeasured target counts like the mean of the others", () => {
    expect(distributeReplicas(5, claims([null, null, null]), false)).toEqual([2, 2, 1]);
    expect(distributeReplicas(9, claims([400, 200, null]), false)).toEqual([4, 2, 3]);
    expect(distributeReplicas(4, claims([0, 0]), false)).toEqual([2, 2]);
  });

  it("stay with the targets that have one where there are fewer of them than targets", () => {
    expect(distributeReplicas(1, claims([null, null]), false)).toEqual([1, 0]);
    expect(distributeReplicas(1, claims([100, 400], [1, 0]), true)).toEqual([1, 0]);
    expect(distributeReplicas(1, claims([100, 400], [1, 1]), true)).toEqual([0, 1]);
    expect(distributeReplicas(0, claims([100, 400], [1, 1]), true)).toEqual([0, 0]);
  });

  it("move one at a time, while all pods answer", () => {
    const once = distributeReplicas(10, claims([400, 100], [5, 5]), true);
    expect(once).toEqual([6, 4]);
    expect(distributeReplicas(10, claims([400, 100], once), false)).toEqual(once);
    expect(settle(10, [400, 100], once)).toEqual([8, 2]);
  });

  it("give a new target its first pod at once", () => {
    expect(distributeReplicas(4, claims([400, null], [4, 0]), false)).toEqual([3, 1]);
  });

  it("become more where most is missing and fewer where most is too much, and no other pod moves", () => {
    expect(distributeReplicas(12, claims([400, 100], [5, 5]), true)).toEqual([7, 5]);
    expect(distributeReplicas(8, claims([400, 100], [5, 5]), true)).toEqual([5, 3]);
    expect(distributeReplicas(3, claims([400, 100], [Number.MAX_SAFE_INTEGER, 2]), true)).toEqual([2, 1]);
  });

  it("are never more or fewer than there should be, and no target is left out", () => {
    fc.assert(
      fc.property(
        anyCapacities,
        fc.array(fc.nat(40), { minLength: 6, maxLength: 6 }),
        fc.nat(60),
        fc.boolean(),
        (capacities, standing, replicas, settled) => {
          const counts = distributeReplicas(replicas, claims(capacities, standing), settled);
          expect(total(counts)).toBe(replicas);
          expect(Math.min(...counts)).toBeGreaterThanOrEqual(replicas < capacities.length ? 0 : 1);
        },
      ),
    );
  });

  it("come to rest, within the tolerance of what they would be without a past", () => {
    fc.assert(
      fc.property(anyCapacities, fc.integer({ min: 6, max: 60 }), (capacities, replicas) => {
        const fresh = distributeReplicas(replicas, claims(capacities), true);
        const settled = settle(replicas, capacities, distributeEvenly(replicas, capacities.length));
        expect(distributeReplicas(replicas, claims(capacities, settled), true)).toEqual(settled);
        settled.forEach((count, index) => {
          expect(Math.abs(count - (fresh[index] as number))).toBeLessThanOrEqual(1 + Math.ceil(0.1 * replicas));
        });
      }),
      { numRuns: 50 },
    );
  });

  it("stay as they are when a re-tune changes capacities by a few percent", () => {
    const change = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(anyCapacities, fc.integer({ min: 6, max: 1000 }), change, (capacities, replicas, changes) => {
        const stands = distributeReplicas(replicas, claims(capacities), true);
        const again = capacities.map((capacity, index) => capacity * (changes[index] as number));
        expect(distributeReplicas(replicas, claims(again, stands), true)).toEqual(stands);
      }),
    );
  });
});

describe("an even distribution", () => {
  it("gives the first targets the rest", () => {
    expect(distributeEvenly(5, 3)).toEqual([2, 2, 1]);
    expect(distributeEvenly(1, 3)).toEqual([1, 0, 0]);
    expect(distributeEvenly(0, 2)).toEqual([0, 0]);
  });
});
