import { describe, expect, it } from "vitest";
import { monday, podWith } from "../../policies/testing/observations.ts";
import type { PodReport } from "../../reports/fetch-report.ts";
import type { PrometheusCounts } from "../../reports/prometheus-counts.ts";
import { serverPod, uidOf } from "../../testing/objects.ts";
import { observeOne } from "../../testing/observations.ts";
import { type LookQuestion, lookAtTarget } from "./look.ts";
import { noMemory, type TargetMemory } from "./target-memory.ts";

const promise = { percentile: "P99", latencyMilliseconds: 50 } as const;
const pod = serverPod({});
const hourBefore = new Date((monday - 3600) * 1000).toISOString();

interface Told {
  /** Bad requests of 500 in each block of ten seconds, the last one just now. */
  readonly bad: readonly number[];
  readonly revision?: string;
  readonly memory?: TargetMemory;
  readonly since?: string;
  readonly counts?: PrometheusCounts | null;
}

function question({ bad, revision = "r2", memory = noMemory, since = hourBefore, counts = null }: Told): LookQuestion {
  const { report } = podWith(bad);
  const answer = { report: { ...report, planRevision: revision, since } } as PodReport;
  const [target] = observeOne().targets;
  if (target === undefined) throw new Error("there is one target");
  const reports = new Map([[uidOf(pod.metadata.name), answer]]);
  return {
    observed: { ...target, reports, memory, counts },
    ready: [pod],
    target: promise,
    revision: "r2",
    without: new Set(),
    now: monday * 1000,
  };
}

const hour = (bad: number): number[] => new Array<number>(360).fill(bad);

describe("a look at a target", () => {
  it("judges the plan that should run by its own requests only", () => {
    expect(lookAtTarget(question({ bad: hour(9) })).level.state).toBe("Breached");
    expect(lookAtTarget(question({ bad: hour(9), revision: "r1" })).level.reason).toBe("NoReports");
    const since = new Date((monday - 900) * 1000).toISOString();
    const before = [...hour(90).slice(90), ...new Array<number>(90).fill(0)];
    expect(lookAtTarget(question({ bad: before, since })).level.state).toBe("Met");
  });

  it("counts what a pod answered under the safe plan where that is what it should run", () => {
    const safe = question({ bad: hour(9), revision: "safe" });
    expect(lookAtTarget(safe).level.reason).toBe("NoReports");
    const without = new Set([uidOf(pod.metadata.name)]);
    expect(lookAtTarget({ ...safe, without }).level.state).toBe("Breached");
  });

  it("does not judge by requests that were counted for another target", () => {
    const asked = { ...question({ bad: hour(90) }), target: { ...promise, latencyMilliseconds: 500 } };
    expect(lookAtTarget(asked).level.state).toBe("Unknown");
  });

  it("remembers a breach, and forgets it with the plan", () => {
    const { memory } = lookAtTarget(question({ bad: hour(9) }));
    expect(memory.level).toMatchObject({ state: "Breached" });
    // By itself this hour is no breach; of one that was it is not the end.
    const calmer = [...hour(5).slice(20), ...new Array<number>(20).fill(8)];
    expect(lookAtTarget(question({ bad: calmer })).level.state).not.toBe("Breached");
    expect(lookAtTarget(question({ bad: calmer, memory })).level.state).toBe("Breached");
    const other = { ...question({ bad: calmer, memory, revision: "r3" }), revision: "r3" };
    expect(lookAtTarget(other).level.state).not.toBe("Breached");
  });

  it("shows the same share of missed requests until it is another one", () => {
    const first = lookAtTarget(question({ bad: hour(10) }));
    const second = lookAtTarget(question({ bad: hour(11), memory: first.memory }));
    expect(second.shownShare).toBe(first.shownShare);
    const third = lookAtTarget(question({ bad: hour(40), memory: second.memory }));
    expect(third.shownShare).toBeCloseTo(0.08);
    expect(lookAtTarget(question({ bad: hour(0), memory: third.memory })).shownShare).toBeNull();
  });
});

describe("a look at a target whose requests Prometheus counts", () => {
  /** As many requests as the pod tells of, so many of them bad, in each minute of the last hour. */
  const blocks = (bad: number, total = 3000) =>
    Array.from({ length: 60 }, (_, i) => ({ start: monday - 3600 + 60 * i, seconds: 60, total, bad }));
  const counted = (bad: number): PrometheusCounts => ({ blocks: blocks(bad) });

  it("judges what it counted, whatever the pods say", () => {
    const breached = lookAtTarget(question({ bad: hour(0), counts: counted(60) }));
    expect(breached).toMatchObject({ countsProblem: null, level: { state: "Breached", requests: 180_000, bad: 3600 } });
    expect(lookAtTarget(question({ bad: hour(9), counts: counted(1) })).level.state).toBe("Met");
  });

  it("does not judge what was before the plan", () => {
    const since = new Date((monday - 600) * 1000).toISOString();
    const before = { blocks: blocks(0).map((block, i) => (i < 50 ? { ...block, bad: 900 } : block)) };
    expect(lookAtTarget(question({ bad: hour(0), since, counts: before })).level.requests).toBe(30_000);
  });

  it("judges nothing while it does not answer, or does not know the requests that pods tell of", () => {
    const silent = lookAtTarget(question({ bad: hour(9), counts: { problem: "it answers 503" } }));
    expect(silent).toMatchObject({ countsProblem: "it answers 503", level: { state: "Unknown", reason: "NoReports" } });
    const blind = lookAtTarget(question({ bad: hour(9), counts: { blocks: [] } }));
    expect(blind.countsProblem).toMatch(/knows little/);
    expect(blind.level.state).toBe("Unknown");
    expect(lookAtTarget(question({ bad: [], counts: { blocks: [] } })).countsProblem).toBeNull();
  });
});
