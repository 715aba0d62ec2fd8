import { describe, expect, it } from "vitest";
import { elasticity, measuredCapacity, RecordedTruth } from "./recorded-truth.ts";
import type { RecordedRun, RecordedStage, Recording } from "./recording.ts";
import { simulatedRecording } from "./testing/simulated-recording.ts";

/** Every other pass on a machine of half the speed, as the reference sees it; capacities follow it by `follow`. */
function drifting(follow: number): Recording {
  const recording = simulatedRecording(4, 0);
  const slowed = (run: RecordedRun): RecordedRun => {
    if (run.pass % 2 === 0) return run;
    const stages = run.stages.map(([rate, ...rest]): RecordedStage => [rate * 0.5 ** follow, ...rest]);
    return { ...run, reference: [2000, 2000], stages };
  };
  return { ...recording, runs: recording.runs.map(slowed) };
}

const measured = (recording: Recording) =>
  recording.runs.map((run) => ({ run, capacity: measuredCapacity(recording, run) }));

const spreadOf = (truth: RecordedTruth): number => {
  const capacities = truth.visitsOf(1).map(({ capacity }) => capacity);
  return Math.max(...capacities) / Math.min(...capacities);
};

describe("a recorded truth", () => {
  it.each([0, 0.5, 1])("learns that capacities follow the reference by %d", (follow) => {
    expect(elasticity(measured(drifting(follow)))).toBeCloseTo(follow, 6);
  });

  it("divides the machine's drift out where capacities follow it", () => {
    expect(spreadOf(new RecordedTruth(drifting(1)))).toBeCloseTo(1, 6);
  });

  it("leaves capacities as measured where a slow reference says nothing of them", () => {
    expect(spreadOf(new RecordedTruth(drifting(0)))).toBeCloseTo(1, 6);
  });

  it("never turns a drift around", () => {
    expect(elasticity(measured(drifting(-0.5)))).toBe(0);
  });
});
