import type { Layout } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignCpus, formatCpuList, type PinningEvidence, parseCpuList, pinningState } from "./cpu-layout.ts";

const layout = (instances: number, threadsPerInstance: number, pinned = true): Layout => ({
  instances,
  threadsPerInstance,
  pinned,
  spinning: false,
});

describe("a list of CPUs", () => {
  it.each([
    ["0-3,8", [0, 1, 2, 3, 8]],
    ["5\n", [5]],
    ["", []],
  ])("reads %j", (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });

  it.each(["3-1", "a", "1,,2", "-1", "0-9999999"])("refuses %j", (text) => {
    expect(() => parseCpuList(text)).toThrow(RangeError);
  });

  it("is written in a form that reads back the same", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 300 })), (cpus) => {
        const ascending = cpus.sort((a, b) => a - b);
        expect(parseCpuList(formatCpuList(ascending))).toEqual(ascending);
      }),
    );
  });

  it("is written with ranges", () => {
    expect(formatCpuList([0, 1, 2, 5, 7, 8])).toBe("0-2,5,7-8");
  });
});

describe("dividing CPUs", () => {
  it("gives each instance as many CPUs as it has threads", () => {
    expect(assignCpus([2, 3, 6, 7, 9], layout(2, 2)).sets).toEqual([
      [2, 3],
      [6, 7],
    ]);
  });

  it("gives disjoint usable sets, or none and a reason", () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 63 })), sizes, sizes, (usable, instances, threads) => {
        const { sets, reason } = assignCpus(usable, layout(instances, threads));
        if (instances * threads > usable.length) {
          expect([sets, typeof reason]).toEqual([null, "string"]);
        } else {
          const given = sets?.flat() ?? [];
          expect(sets?.map((set) => set.length)).toEqual(Array(instances).fill(threads));
          expect(new Set(given).size).toBe(given.length);
          expect(given.every((cpu) => usable.includes(cpu))).toBe(true);
        }
      }),
    );
  });

  it("says why too many threads are not pinned", () => {
    expect(assignCpus([0, 1], layout(2, 2)).reason).toBe("2 x 2 threads need 4 CPUs, 2 are usable");
  });

  it("binds nothing where something stands against it, and says what", () => {
    expect(assignCpus([0, 1], layout(2, 1), "others run there")).toEqual({ sets: null, reason: "others run there" });
  });

  it("leaves the CPUs alone when the plan does not pin", () => {
    expect(assignCpus([0, 1], layout(1, 1, false)).sets).toBeNull();
  });
});

describe("the outcome of pinning", () => {
  const evidence = (change: Partial<PinningEvidence>): PinningEvidence => ({
    layout: layout(2, 1),
    assignment: assignCpus([0, 1], change.layout ?? layout(2, 1)),
    usable: [0, 1],
    online: [0, 1],
    observed: ["0", "1"],
    bindable: true,
    ...change,
  });

  it.each<[string, Partial<PinningEvidence>, string]>([
    ["each has its own CPU", {}, "Pinned"],
    ["each has its own CPU in a set smaller than the host", { online: [0, 1, 2, 3] }, "Exclusive"],
    ["one process may use a neighbour's CPU", { observed: ["0", "0-1"] }, "Shared"],
    ["two processes sit on one CPU", { observed: ["0", "0"] }, "Shared"],
    ["there are too few CPUs", { layout: layout(2, 2), observed: ["0-1", "0-1"] }, "Shared"],
    ["one process is just restarting", { observed: ["0", null] }, "Pinned"],
    ["no process could be asked", { observed: [null, null] }, "Unavailable"],
    ["processes cannot be bound", { bindable: false, observed: ["0-1", "0-1"] }, "Unavailable"],
    ["the plan does not pin", { layout: layout(2, 1, false) }, "Off"],
  ])("when %s", (_, change, state) => {
    expect(pinningState(evidence(change))).toBe(state);
  });
});
