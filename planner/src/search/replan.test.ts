import { describe, expect, it } from "vitest";
import { tableOf } from "../testing/servers.ts";
import { withoutBatching } from "./policies.ts";
import { type ReplanRequest, replan } from "./replan.ts";

const layout = (instances: number, threadsPerInstance: number) => ({
  instances,
  threadsPerInstance,
  pinned: true,
  spinning: false,
});
/** A fixed part that batching saves, and a part per element that padding wastes. */
const law = (factor: number) => (rows: number, length: number) => factor * (2000 + 30 * rows * length);
const tables = [
  { variant: "Source" as const, layout: layout(2, 1), table: tableOf(law(1)) },
  { variant: "Source" as const, layout: layout(1, 2), table: tableOf(law(0.55)) },
];
const shapesOf = (...lengths: number[]) => lengths.map((length) => ({ rows: 1, length, group: "" }));
const request: ReplanRequest = {
  tables,
  current: { variant: "Source", layout: layout(2, 1), batching: withoutBatching },
  target: { percentile: "P99", latencyMilliseconds: 40 },
  shapes: shapesOf(8, 16, 24, 32),
  seed: 1,
  stop: () => false,
};

describe("replanning", () => {
  it("finds a plan that carries more of the new traffic than the running one", () => {
    const { best, current, changed } = replan(request);
    expect(changed).toBe(true);
    const gain = best.prediction.capacityRequestsPerSecond / (current?.prediction.capacityRequestsPerSecond ?? 0);
    expect(gain).toBeGreaterThan(1.3);
    expect(best.point.policy.maximumRows).toBeGreaterThan(1);
  });

  it("keeps a plan that it found itself", () => {
    const { best } = replan(request);
    const { variant, policy } = best.point;
    const again = replan({ ...request, current: { variant, layout: best.point.layout, batching: policy } });
    expect(again.changed).toBe(false);
    expect(again.best).toBe(again.current);
  });

  it("answers another target and another mix with another plan", () => {
    const tight = replan({ ...request, target: { percentile: "P99", latencyMilliseconds: 6 } });
    const loose = replan({ ...request, target: { percentile: "P99", latencyMilliseconds: 400 } });
    const long = replan({ ...request, shapes: shapesOf(256) });
    expect(loose.best.point.policy.maximumRows).toBeGreaterThan(tight.best.point.policy.maximumRows);
    expect(long.best.prediction.capacityRequestsPerSecond).toBeLessThan(
      loose.best.prediction.capacityRequestsPerSecond,
    );
  });

  it("proposes only layouts that the server runs, pinned as it is", () => {
    const spinning = {
      variant: "Source" as const,
      layout: { ...layout(1, 1), spinning: true },
      table: tableOf(law(0.1)),
    };
    const current = { ...request.current, layout: { ...layout(2, 1), pinned: false } };
    const { best } = replan({ ...request, tables: [...tables, spinning], current });
    expect(best.point.layout).toMatchObject({ spinning: false, pinned: false });
  });

  it("plans without a table for the running layout, but not without any", () => {
    const unknown = replan({ ...request, current: { ...request.current, layout: layout(4, 1) } });
    expect([unknown.current, unknown.changed]).toEqual([null, true]);
    expect(() => replan({ ...request, tables: [] })).toThrow(RangeError);
  });

  it("answers with what it knows when its time is up", () => {
    let asked = 0;
    const { best } = replan({ ...request, stop: () => ++asked > 5 });
    expect(best.prediction.capacityRequestsPerSecond).toBeGreaterThan(0);
  });
});
