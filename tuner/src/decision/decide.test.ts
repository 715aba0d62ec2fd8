import type { Candidate } from "@sweetspot/crds";
import { withoutBatching } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { decide, lowestLatency, whyLost } from "./decide.ts";

function candidate(name: string, role: Candidate["role"], capacities: number[], predicted = 100): Candidate {
  const estimate = capacities.reduce((sum, value) => sum + value, 0) / capacities.length;
  return {
    name,
    summary: name,
    variant: "Source",
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
    batching: withoutBatching,
    prediction: { capacityRequestsPerSecond: predicted, latencyAt70PercentMilliseconds: 10, meanBatchRows: 1 },
    role,
    rounds: capacities.map((capacityRequestsPerSecond, round) => ({ round, capacityRequestsPerSecond, void: false })),
    measured: capacities.length > 0 ? { estimate, low: estimate, high: estimate } : null,
    lost: null,
  };
}

describe("the decision", () => {
  const incumbent = candidate("default", "Incumbent", [100, 104, 98]);

  it("takes the candidate with most measured capacity, whatever was predicted", () => {
    const overrated = candidate("overrated", "Raced", [110, 112, 108], 900);
    const best = candidate("best", "Raced", [150, 155, 149], 120);
    const choice = decide([incumbent, overrated, best]);
    expect(choice.winner.name).toBe("best");
    expect(choice.gain?.low).toBeGreaterThan(1);
  });

  it("keeps the incumbent when the best is not better by more than noise", () => {
    const lucky = candidate("lucky", "Raced", [130, 90, 96]);
    expect(decide([incumbent, lucky]).winner.name).toBe("default");
  });

  it("keeps the incumbent when nothing beats it", () => {
    expect(decide([incumbent, candidate("worse", "Raced", [50, 51, 52])]).winner.name).toBe("default");
  });

  it("does not count void rounds", () => {
    const disturbed = candidate("disturbed", "Raced", [300, 105, 101]);
    const rounds = disturbed.rounds.map((round) => ({ ...round, void: round.round === 0 }));
    expect(decide([incumbent, { ...disturbed, rounds }]).winner.name).toBe("default");
  });

  it("goes by prediction, and says so, when there was no time for a race", () => {
    const choice = decide([candidate("default", "Incumbent", [], 100), candidate("predicted", "Predicted", [], 140)]);
    expect(choice.winner.name).toBe("predicted");
    expect(choice.reason).toContain("no time for a race");
  });

  it("takes the better one of a single round, and says that there is no interval", () => {
    const choice = decide([candidate("default", "Incumbent", [100]), candidate("better", "Raced", [140])]);
    expect(choice).toMatchObject({ gain: null, winner: { name: "better" } });
    expect(choice.reason).toMatch(/one round .* 140 requests\/s .* 100\./);
  });
  it("says of each loser whether it was measured or only predicted", () => {
    const winner = candidate("winner", "Raced", [150, 151, 152]);
    expect(whyLost(incumbent, winner)).toMatch(/^Measured 101 .* against 151/);
    expect(whyLost(candidate("once", "Raced", [80]), winner)).toMatch(/^Measured 80 .* within noise/);
    expect(whyLost(candidate("other", "Predicted", [], 90), winner)).toMatch(/^Predicted 90 .* not raced/);
  });
});

it("a target that cannot be met gets the plan with the lowest latency, not the one with most throughput", () => {
  const quick = candidate("quick", "Predicted", [], 0);
  const latency = (one: Candidate, latencyAt70PercentMilliseconds: number): Candidate => ({
    ...one,
    prediction: { capacityRequestsPerSecond: 0, latencyAt70PercentMilliseconds, meanBatchRows: 1 },
  });
  const candidates = [latency(candidate("default", "Incumbent", [], 0), 30), latency(quick, 12)];
  expect(lowestLatency(candidates)?.name).toBe("quick");
});
