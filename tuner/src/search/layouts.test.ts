import { describe, expect, it } from "vitest";
import { defaultLayout, isDefaultLayout, layoutsFor, shareTable } from "./layouts.ts";

describe("the layouts to measure", () => {
  it("go from one process with all threads to one process per CPU and never ask for more CPUs than there are", () => {
    for (const cpus of [1, 2, 3, 6, 8, 15]) {
      const layouts = layoutsFor(cpus);
      expect(layouts[0]).toMatchObject({ instances: 1, threadsPerInstance: cpus });
      expect(layouts.at(-1)).toMatchObject({ instances: cpus, threadsPerInstance: 1 });
      for (const { instances, threadsPerInstance } of layouts) {
        expect(instances * threadsPerInstance).toBeLessThanOrEqual(cpus);
        expect(instances).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it("share a table whether they are pinned or not, but never with the naive default", () => {
    const [whole] = layoutsFor(2);
    if (whole === undefined) throw new Error("there is a layout for two CPUs");
    expect(shareTable(whole, { ...whole, pinned: false })).toBe(true);
    expect(shareTable(whole, defaultLayout(2))).toBe(false);
    expect([whole, defaultLayout(2)].map(isDefaultLayout)).toEqual([false, true]);
  });
});
