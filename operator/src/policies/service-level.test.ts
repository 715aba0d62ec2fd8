import { describe, expect, it } from "vitest";
import { requestBlocks, snapshotOf } from "./pod-traffic.ts";
import { judgeServiceLevel, type ServiceLevelInput, urgentBurnRate } from "./service-level.ts";
import { monday, podWith, silentPod, target } from "./testing/observations.ts";

const judge = (changes: Partial<ServiceLevelInput>) =>
  judgeServiceLevel({ target, pods: [], judgedFrom: 0, now: monday * 1000, previous: null, ...changes });
const hour = (bad: number) => new Array<number>(360).fill(bad);

describe("the service level", () => {
  it("is met, missed, or not known, with the figures in a sentence", () => {
    expect(judge({ pods: [podWith(hour(1))] })).toMatchObject({ state: "Met", requests: 180_000, bad: 360 });
    const missed = judge({ pods: [podWith(hour(9))] });
    expect(missed).toMatchObject({ state: "Breached", reason: "Missed", urgent: false });
    expect(missed.sentence).toBe("1.80 % of 180000 requests missed the target, more than the 1.00 % that may.");
    expect(judge({ pods: [podWith([7, 7, 7, 7, 7])] })).toMatchObject({ state: "Unknown", reason: "Undecided" });
  });

  it("adds up the pods' blocks, and believes no pod that tells of the future", () => {
    const pods = [podWith(hour(0)), podWith(hour(9), { name: "pod-1" })];
    expect(judge({ pods })).toMatchObject({ state: "Met", requests: 360_000 });
    const future = podWith(hour(400), { end: monday + 3600, name: "liar" });
    expect(judge({ pods: [podWith(hour(0)), future] })).toMatchObject({ state: "Met", requests: 180_000 });
  });

  it("is not breached by silence: neither of clients nor of pods", () => {
    expect(judge({ pods: [podWith(hour(0), { total: 0 })] })).toMatchObject({ state: "Unknown", reason: "NoTraffic" });
    expect(judge({ pods: [silentPod("a")] })).toMatchObject({ reason: "NoReports", silentPods: ["a"] });
    const some = judge({ pods: [podWith(hour(9)), silentPod("b")] });
    expect(some).toMatchObject({ state: "Breached", silentPods: ["b"] });
  });

  it("says nothing of a handful of requests, all of them bad", () => {
    expect(judge({ pods: [podWith(new Array(90).fill(1), { total: 1 })] })).toMatchObject({
      state: "Unknown",
      reason: "TooFewRequests",
    });
    expect(judge({ pods: [podWith(hour(0), { total: 0 }), podWith([9, 0, 0], { total: 30 })] }).state).toBe("Unknown");
  });

  it("calls a breach urgent when it burns the budget fast, in the last minute and in the last five", () => {
    expect(judge({ pods: [podWith([...hour(0).slice(60), ...new Array(60).fill(60)])] })).toMatchObject({
      urgent: true,
    });
    const spike = [...hour(9).slice(0, 354), ...new Array(6).fill(60)];
    expect(judge({ pods: [podWith(spike)] })).toMatchObject({ state: "Breached", urgent: false });
  });

  it("knows for each percentile how fast is fast, and that not all requests need be bad for it", () => {
    expect([0.5, 0.1, 0.05, 0.01, 0.001].map(urgentBurnRate)).toEqual([1.5, 5.5, 10, 10, 10]);
    for (const allowed of [0.5, 0.1, 0.05, 0.01, 0.001]) expect(urgentBurnRate(allowed) * allowed).toBeLessThan(1);
  });

  it("judges a plan by its own traffic only", () => {
    const pods = [podWith([...hour(100).slice(50), ...new Array(50).fill(0)])];
    expect(judge({ pods }).state).toBe("Breached");
    expect(judge({ pods, judgedFrom: (monday - 500) * 1000 }).state).toBe("Met");
  });

  it("does not flap: a breach stays until ten good minutes, and what is met stays so while it looks so", () => {
    const began = (monday - 5000) * 1000;
    const previous = { state: "Breached" as const, began };
    expect(judge({ pods: [podWith(new Array(50).fill(0))], previous })).toMatchObject({ state: "Breached", began });
    expect(judge({ pods: [podWith(hour(0))], previous })).toMatchObject({ state: "Met", began: null });
    const close = podWith(
      hour(0)
        .map((_, i) => (i % 2 === 0 ? 9 : 0))
        .slice(0, 40),
    );
    expect(judge({ pods: [close] }).state).toBe("Unknown");
    expect(judge({ pods: [close], previous: { state: "Met", began: null } }).state).toBe("Met");
  });

  it("tells when a breach began", () => {
    const { began } = judge({ pods: [podWith([...hour(1).slice(60), ...new Array(60).fill(50)])] });
    expect(Math.abs((began as number) / 1000 - (monday - 600))).toBeLessThanOrEqual(60);
  });
});

describe("the blocks of several pods", () => {
  it("lie on one time axis without gaps, fine ones last", () => {
    const pod = podWith([0, 0, 0, 0], { end: monday - 100 });
    const fine = podWith([0], {});
    const seconds = { end: monday, total: new Array(25).fill(3), bad: new Array(25).fill(1) };
    const traffic = { ...fine.report?.traffic, seconds } as NonNullable<NonNullable<typeof fine.report>["traffic"]>;
    const both = [pod, { ...fine, report: { ...(fine.report as NonNullable<typeof fine.report>), traffic } }];
    const blocks = requestBlocks(both, 0, monday);
    expect(blocks.map(({ seconds: width }) => width).filter((width) => width === 1)).toHaveLength(20);
    blocks.slice(1).forEach((block, i) => {
      const before = blocks[i] as (typeof blocks)[0];
      expect(block.start).toBe(before.start + before.seconds);
    });
  });

  it("make a snapshot: rate, mix, ratio and stage times, by node", () => {
    const snapshot = snapshotOf(
      [podWith(hour(0)), { ...podWith(hour(0), { name: "b" }), node: "node-9" }],
      monday * 1000,
    );
    expect(snapshot).toMatchObject({ requestsPerSecond: 100, costRatio: 1, dispersion: 0 });
    expect(snapshot.nodes.map(({ name }) => name)).toEqual(["node-0", "node-9"]);
    expect(snapshot.stages).toEqual({ queue: 2000, engine: 5000, other: 1000 });
    expect(snapshotOf([silentPod("a")], monday * 1000)).toMatchObject({
      requestsPerSecond: 0,
      costRatio: null,
      lengths: [],
    });
  });
});
