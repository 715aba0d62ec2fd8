import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jointCapacity } from "./joint-capacity.ts";

const anyTargets = fc.array(
  fc.record({ capacity: fc.double({ min: 0, max: 1e4, noNaN: true }), ready: fc.integer({ min: 0, max: 100 }) }),
  { maxLength: 6 },
);

describe("what the replicas of all targets carry together", () => {
  const unequal = [
    { capacity: 400, ready: 4 },
    { capacity: 90, ready: 1 },
  ];

  it("is that of the slowest for each where all get the same share, and the sum where the balancer goes by load", () => {
    expect(jointCapacity(unequal, "Even")).toBe(450);
    expect(jointCapacity(unequal, "LeastRequest")).toBe(1690);
  });

  it("is not less for a slow target that has no pod to send a request to, and nothing without any", () => {
    expect(jointCapacity([...unequal, { capacity: 1, ready: 0 }], "Even")).toBe(450);
    for (const balancing of ["Even", "LeastRequest"] as const) {
      expect(jointCapacity([], balancing)).toBe(0);
      expect(jointCapacity([{ capacity: 90, ready: 0 }], balancing)).toBe(0);
    }
  });

  it("gives, in equal shares, no pod more than it carries", () => {
    fc.assert(
      fc.property(anyTargets, (targets) => {
        const pods = targets.flatMap(({ capacity, ready }) => Array<number>(ready).fill(capacity));
        const even = jointCapacity(targets, "Even");
        for (const capacity of pods) expect(even / pods.length).toBeLessThanOrEqual(capacity * (1 + 1e-9));
        expect(even).toBeLessThanOrEqual(jointCapacity(targets, "LeastRequest") * (1 + 1e-9));
      }),
    );
  });
});
