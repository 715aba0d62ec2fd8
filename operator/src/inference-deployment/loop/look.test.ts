import { describe, expect, it } from "vitest";
import { monday, podWith } from "../../policies/testing/observations.ts";
import type { PodReport } from "../../reports/fetch-report.ts";
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
}

function question({ bad, revision = "r2", memory = noMemory, since = hourBefore }: Told): LookQuestion {
  const { report } = podWith(bad);
  const answer = { report: { ...report, planRevision: revision, since } } as PodReport;
  const [target] = observeOne().targets;
  if (target === undefined) throw new Error("there is one target");
  const reports = new Map([[uidOf(pod.metadata.name), answer]]);
  return {
    observed: { ...target, reports, memory },
    ready: [pod],
    target: promise,
    revision: "r2",
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
