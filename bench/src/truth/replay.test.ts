import { median } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { gridSeconds, RecordedTruth } from "./recorded-truth.ts";
import { Recording } from "./recording.ts";
import { replayRival, replayTuner } from "./replay-share.ts";
import { replayTuning } from "./replay-tuning.ts";
import { randomSearch } from "./rival-searches.ts";
import { simulatedRecording } from "./testing/simulated-recording.ts";

const seeds = [1, 2, 3];

describe("a replayed tuning", () => {
  it("finds a point near the best of the grid in a part of the grid's time", async () => {
    const recording = Recording.parse(simulatedRecording(4, 0.03));
    const picks = await Promise.all(seeds.map((seed) => replayTuner(recording, seed)));
    expect(median(picks.map(({ quality }) => quality))).toBeGreaterThan(0.93);
    expect(Math.max(...picks.map(({ share }) => share))).toBeLessThan(0.25);
  });

  it("is the same for the same seed", async () => {
    const recording = simulatedRecording(2, 0.1);
    expect(await replayTuner(recording, 7)).toEqual(await replayTuner(recording, 7));
  });

  it("races the best two where there is time for it, else the best one, and ends by its budget or soon after", async () => {
    const truth = new RecordedTruth(Recording.parse(simulatedRecording(2, 0.03)));
    const [long, short] = [await replayTuning(truth, 300, 1), await replayTuning(truth, 20, 1)];
    expect([long.raced.length, short.raced.length]).toEqual([3, 2]);
    expect(short.raced).toContain("naive-default");
    expect(long.seconds).toBeLessThan(300);
    expect(short.seconds).toBeLessThan(1.2 * 20);
  });

  it("refuses a recording of which nothing can be held out", async () => {
    await expect(replayTuner(simulatedRecording(1, 0.1), 1)).rejects.toThrow("fewer than two");
  });
});

describe("a search that measures points of the grid", () => {
  it("finds the best one when it has the time for all of them", async () => {
    const recording = simulatedRecording(4, 0.001);
    const { pick, seconds } = await replayRival(recording, randomSearch, gridSeconds(recording), 1);
    const truth = new RecordedTruth(recording);
    expect(truth.capacityOf(truth.indexOf(pick)) / truth.capacityOf(truth.best())).toBeGreaterThan(0.99);
    expect(seconds).toBeLessThan(gridSeconds(recording));
  });

  it("ends with its time", async () => {
    const { seconds } = await replayRival(simulatedRecording(2, 0.1), randomSearch, 20, 1);
    expect(seconds).toBeLessThan(30);
  });
});
