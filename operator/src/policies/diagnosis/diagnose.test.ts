import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breached, met, monday, observation, snapshot } from "../testing/observations.ts";
import { diagnose } from "./diagnose.ts";
import type { Observation } from "./observation.ts";

const causeOf = (changes: Partial<Observation>) => diagnose(observation(changes)).cause;

const drifted = (shift: number) => snapshot({ costRatio: 1.02 * shift, nodes: nodesAt(shift, shift, shift) });
const nodesAt = (...shifts: number[]) => shifts.map((shift, i) => ({ name: `node-${i}`, costRatio: 1.02 * shift }));
const longer = snapshot({ lengths: [0, 0, 0, 0, 0, 0, 1000, 1000, 0, 2000, 2000] });
const justRevised = { name: "r3", since: (monday - 120) * 1000, previous: "r2", shareBefore: 0.002 };

describe("the cause of a missed target", () => {
  it("is a bad revision when the breach began after one and the traffic is what it was", () => {
    const cause = causeOf({ revision: justRevised });
    expect(cause).toMatchObject({ cause: "BadRevision", remedy: { kind: "RollBack", revision: "r2" } });
    expect(cause?.sentence).toContain("r3");
  });

  it("is not a revision of long ago, nor one under which nothing got worse, nor one that met other traffic", () => {
    expect(causeOf({})?.cause).not.toBe("BadRevision");
    expect(causeOf({ revision: { ...justRevised, shareBefore: 0.04 } })?.cause).not.toBe("BadRevision");
    expect(causeOf({ revision: justRevised, present: longer })?.cause).toBe("WorkloadDrift");
    const twice = snapshot({ requestsPerSecond: 360 });
    expect(causeOf({ revision: justRevised, present: twice })?.cause).toBe("Load");
    expect(causeOf({ revision: { ...justRevised, previous: null } })?.cause).toBe("Unexplained");
  });

  it("is a target that no plan reaches when too many requests alone take longer", () => {
    const long = snapshot({ lengths: [...new Array(18).fill(0), 6000] });
    const cause = causeOf({ present: long });
    expect(cause).toMatchObject({ cause: "Infeasible", remedy: { kind: "Advise" } });
    expect(cause?.evidence["shareTooSlowAlone"]).toBe(1);
    // One in two hundred may be too long for a p99.
    const few = snapshot({ lengths: [0, 0, 0, 0, 0, 0, 3000, 3000, ...new Array(10).fill(0), 30] });
    expect(causeOf({ present: few })?.cause).toBe("Unexplained");
  });

  it("is a noisy node when engines are slower on some nodes only, and says on which", () => {
    const one = snapshot({ costRatio: 1.02 * 1.4, nodes: nodesAt(1, 2.2, 1) });
    const cause = causeOf({ present: one });
    expect(cause).toMatchObject({ cause: "NoisyNode", remedy: { kind: "Move", nodes: ["node-1"] } });
    expect(cause?.sentence).toContain("node-1");
  });

  it("is a drift of cost when engines are slower everywhere, and on a single node, which cannot be told from its class", () => {
    expect(causeOf({ present: drifted(1.3) })).toMatchObject({ cause: "CostDrift", remedy: { kind: "Replan" } });
    const single = snapshot({ costRatio: 2, nodes: [{ name: "node-0", costRatio: 2 }] });
    expect(causeOf({ present: single })?.cause).toBe("CostDrift");
    expect(causeOf({ present: drifted(1.1) })?.cause).not.toBe("CostDrift");
  });

  it("is a drift of the workload when lengths, rows or bursts changed and the table holds", () => {
    expect(causeOf({ present: longer })).toMatchObject({ cause: "WorkloadDrift", remedy: { kind: "Replan" } });
    expect(causeOf({ present: snapshot({ rows: [3000, 0, 3000] }) })?.cause).toBe("WorkloadDrift");
    expect(causeOf({ present: snapshot({ dispersion: 8 }) })?.cause).toBe("WorkloadDrift");
    expect(causeOf({ present: snapshot({ dispersion: 2 }) })?.cause).toBe("Unexplained");
  });

  it("is the work around the model when its share of the time grew", () => {
    const cause = causeOf({ present: snapshot({ stages: { queue: 3000, engine: 6000, other: 30_000 } }) });
    expect(cause).toMatchObject({ cause: "Processing", remedy: { kind: "Advise" } });
  });

  it("is not called processing before it would be known that engines became slower", () => {
    const stages = { queue: 3000, engine: 6000, other: 30_000 };
    const at = new Date(1000 * (monday + 60)).toISOString();
    expect(causeOf({ present: snapshot({ at, stages }) })).toBeNull();
    expect(causeOf({ present: { ...drifted(2), at, stages } })?.cause).toBe("CostDrift");
  });

  it("is load when more comes than was measured, and says how many replicas it takes", () => {
    const cause = causeOf({ present: snapshot({ requestsPerSecond: 360 }) });
    expect(cause).toMatchObject({ cause: "Load", remedy: { kind: "Scale", replicas: 9 } });
  });

  it("is load, and no bad revision, as soon as more requests come, whatever the mean of the last minute says", () => {
    expect(causeOf({ surge: 360 })).toMatchObject({ cause: "Load", remedy: { kind: "Scale", replicas: 9 } });
    expect(causeOf({ surge: 360, revision: justRevised })?.cause).toBe("Load");
  });

  it("is not called unexplained before rates and costs are those of the breach, but any other cause at once", () => {
    const at = new Date(1000 * (monday + 60)).toISOString();
    expect(causeOf({ present: snapshot({ at }) })).toBeNull();
    expect(causeOf({ present: snapshot({ at, requestsPerSecond: 360 }) })?.cause).toBe("Load");
  });

  it("is unexplained rather than guessed", () => {
    expect(causeOf({})).toMatchObject({ cause: "Unexplained", remedy: { kind: "Advise" } });
    expect(causeOf({ promoted: null, plan: null, revision: null })?.cause).toBe("Unexplained");
  });
});

describe("nodes that are not those that were measured", () => {
  const kind = (arch: string) => ({ labels: { "kubernetes.io/arch": arch }, cpu: undefined });
  const example = { uid: "1", pod: "a", node: "n", kind: kind("arm64") };
  const seen = { measured: kind("amd64"), example, pods: 3 };

  it("are measured at once, before the target is missed and whatever the table of other nodes says", () => {
    const changed = { kind: "Changed", ...seen, others: 3 } as const;
    const { cause } = diagnose(observation({ level: met, nodes: changed, present: drifted(2) }));
    expect(cause).toMatchObject({ cause: "NodeClassChanged", remedy: { kind: "Benchmark" } });
    expect(cause?.sentence).toBe(
      "It was measured on nodes with kubernetes.io/arch=amd64, and its pods run on nodes with kubernetes.io/arch=arm64.",
    );
  });

  it("are no cause while some pods run where it was measured", () => {
    const nodes = { kind: "Mixed", ...seen, others: 2 } as const;
    expect(diagnose(observation({ level: met, nodes })).cause).toBeNull();
    expect(causeOf({ nodes, present: drifted(1.3) })?.cause).toBe("CostDrift");
  });
});

describe("what must not be confused", () => {
  it("twice the load is never a reason to replan or to measure, though the front then slows the engines and everything waits", () => {
    const busy = fc.record({
      times: fc.double({ min: 1.85, max: 5, noNaN: true }),
      other: fc.integer({ min: 1000, max: 200_000 }),
      queue: fc.integer({ min: 0, max: 200_000 }),
      // What the front's own CPU time explains: 120 requests/s and more per pod take 0.06 of two CPUs and more.
      shift: fc.double({ min: 0.95, max: 1.1, noNaN: true }),
    });
    fc.assert(
      fc.property(busy, ({ times, other, queue, shift }) => {
        const present = snapshot({
          ...drifted(shift),
          requestsPerSecond: times * 180,
          stages: { queue, engine: 6000, other },
          dispersion: 0.5,
        });
        const cause = causeOf({ present });
        expect(cause?.cause).toBe("Load");
        expect(cause?.remedy.kind).toBe("Scale");
      }),
    );
  });

  it("a burner of CPU is a drift of cost or a noisy node, never load, whatever the rate", () => {
    const burner = fc.record({
      rate: fc.integer({ min: 1, max: 1000 }),
      shift: fc.double({ min: 2, max: 6, noNaN: true }),
      one: fc.boolean(),
    });
    fc.assert(
      fc.property(burner, ({ rate, shift, one }) => {
        const nodes = one ? nodesAt(1, shift, 1) : nodesAt(shift, shift, shift);
        const present = snapshot({ requestsPerSecond: rate, costRatio: one ? 1.02 : 1.02 * shift, nodes });
        expect(["NoisyNode", "CostDrift"]).toContain(causeOf({ present })?.cause);
      }),
    );
  });

  it("what the front takes from the engines at a higher rate is not held against them", () => {
    // 1,300 requests/s on each of three pods take 0.65 s of two CPUs.
    const present = snapshot({ ...drifted(1.45), requestsPerSecond: 3900 });
    const { cause } = diagnose(observation({ present }));
    expect(cause?.cause).toBe("Load");
  });
});

describe("without a breach", () => {
  it("nothing is done, except about engines that became slower", () => {
    expect(causeOf({ level: met })).toBeNull();
    expect(causeOf({ level: met, present: snapshot({ requestsPerSecond: 360 }) })).toBeNull();
    expect(causeOf({ level: met, present: longer })).toBeNull();
    expect(causeOf({ level: met, present: drifted(1.5) })?.cause).toBe("CostDrift");
  });

  it("every policy that can say something still shows its figures", () => {
    const { considered } = diagnose(observation({ level: { ...breached, state: "Met" }, revision: justRevised }));
    expect(considered.map(({ cause }) => cause)).toEqual([
      "BadRevision",
      "NodeClassChanged",
      "Infeasible",
      "NoisyNode",
      "CostDrift",
      "WorkloadDrift",
      "Processing",
      "Load",
    ]);
    for (const { evidence } of considered) for (const figure of Object.values(evidence)) expect(figure).not.toBeNaN();
  });
});
