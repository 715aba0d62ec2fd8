import { parseCpuList } from "@sweetspot/sidecar";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usableCpus } from "./cpu-list.ts";

describe("a list of CPUs", () => {
  it.each([
    ["0-3,8", [0, 1, 2, 3, 8]],
    ["5", [5]],
    ["0-1\n", [0, 1]],
    ["", []],
  ])("%j is read", (text, cpus) => expect(parseCpuList(text)).toEqual(cpus));

  it.each(["a", "1-", "3-1", "1,,2", "0-3:1/2", "-1"])("%j is refused", (text) => {
    expect(() => parseCpuList(text)).toThrow(RangeError);
  });

  it("gives back any set of CPUs that is written one by one", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 99_999 })), (cpus) => {
        expect(parseCpuList(cpus.join(","))).toEqual(cpus);
      }),
    );
  });
});

describe("the usable CPUs", () => {
  it("come from the affinity mask, not from the host", () => {
    const status = "Cpus_allowed:\t0f00\nCpus_allowed_list:\t8-11\nMems_allowed_list:\t0\n";
    expect(usableCpus((path) => (path === "/proc/self/status" ? status : null))).toEqual([8, 9, 10, 11]);
  });

  it("are counted where there is no mask to read", () => {
    expect(usableCpus(() => null).length).toBeGreaterThan(0);
  });
});
