import type { Candidate } from "@sweetspot/crds";
import { withoutBatching } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { decide as decideOn, lowestLatency, whyLost } from "./decide.ts";

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

const steady = { noiseFactor: 1 };
const decide = (candidates: readonly Candidate[]) => decideOn(candidates, steady);

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

  it("believes several times the capacity after two rounds, and a little more only where they agree", () => {
    const twice = candidate("default", "Incumbent", [100, 140]);
    expect(decide([twice, candidate("several", "Raced", [520, 560])]).winner.name).toBe("several");
    expect(decide([twice, candidate("unsteady", "Raced", [120, 150])]).winner.name).toBe("default");
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

  it("keeps the incumbent when the one round that there was shows less than the machine's noise", () => {
    const candidates = [candidate("default", "Incumbent", [100]), candidate("better", "Raced", [140])];
    const choice = decideOn(candidates, { noiseFactor: 1.5 });
    expect(choice.winner.name).toBe("default");
    expect(choice.reason).toContain("50 %");
  });

  it("does not call better what lies within the noise of equal work, however steady the rounds were", () => {
    const slightly = candidate("slightly", "Raced", [106, 110.2, 104]);
    expect(decide([incumbent, slightly]).winner.name).toBe("slightly");
    const noisy = decideOn([incumbent, slightly], { noiseFactor: 1.2 });
    expect(noisy.winner.name).toBe("default");
    expect(noisy.gain?.low).toBeLessThan(1);
    expect(noisy.reason).toContain("differs by up to 20 %");
  });

  it("assumes what could go unnoticed where no A/A test could be made", () => {
    const slightly = candidate("slightly", "Raced", [106, 110.2, 104]);
    expect(decideOn([incumbent, slightly], { noiseFactor: null }).winner.name).toBe("default");
  });

  it("wants more of the best of many challengers than of a single one", () => {
    const promising = candidate("promising", "Raced", [113, 112, 109]);
    const others = ["b", "c", "d", "e", "f"].map((name) => candidate(name, "Raced", [90, 91, 92]));
    const alone = decide([incumbent, promising]);
    const among = decide([incumbent, promising, ...others]);
    expect(alone.winner.name).toBe("promising");
    expect(among.gain?.low).toBeLessThan(alone.gain?.low as number);
    expect(among.winner.name).toBe("default");
    const clear = candidate("clear", "Raced", [180, 188, 177]);
    const chosen = decide([incumbent, clear, ...others]);
    expect(chosen.winner.name).toBe("clear");
    expect(chosen.reason).toContain("allowing for 6 challengers");
  });

  it("does not count candidates that were only predicted as challengers", () => {
    const promising = candidate("promising", "Raced", [113, 112, 109]);
    const predicted = ["b", "c", "d"].map((name) => candidate(name, "Predicted", [], 500));
    expect(decide([incumbent, promising, ...predicted]).gain).toEqual(decide([incumbent, promising]).gain);
  });

  it("says of each loser whether it was measured or only predicted", () => {
    const winner = candidate("winner", "Raced", [150, 151, 152]);
    expect(whyLost(incumbent, winner, steady)).toMatch(/^Measured 101 .* against 151/);
    expect(whyLost(candidate("once", "Raced", [80]), winner, steady)).toMatch(/^Measured 80 .* within noise/);
    expect(whyLost(candidate("other", "Predicted", [], 90), winner, steady)).toMatch(/^Predicted 90 .* not raced/);
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
