import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServingPlan } from "@sweetspot/crds";
import { digitsModel, digitsSamples } from "@sweetspot/test";
import { renderReport, tune } from "@sweetspot/tuner";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tune-digits-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// The full form, a minute each for five kinds of models, is `npm run proof -- tuner-9`.
it("a network with labelled samples is tuned to a complete decision that agrees with its evidence", {
  timeout: 90_000,
}, async () => {
  const { report } = await tune(
    {
      modelFile: digitsModel,
      modelName: "digits",
      task: "ImageClassification",
      target: { percentile: "P99", latencyMilliseconds: 100 },
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
      samplesFile: digitsSamples,
      variants: ["Source"],
      // The very same network: whatever is measured of it, it loses nothing.
      supplied: [{ name: "Twin", file: digitsModel }],
      budgetSeconds: 2,
      seed: 1,
      outputDirectory: join(folder, "out"),
    },
    { signal: new AbortController().signal, progress: () => undefined },
  );
  const { decision, candidates, variants, question, checklist } = report;
  expect(question).toMatchObject({ quality: { metric: "LabelAccuracy" }, workload: { labelled: true, samples: 597 } });
  expect(variants.find(({ variant }) => variant === "Twin")).toMatchObject({
    state: "Ready",
    quality: { loss: { estimate: 0 } },
  });
  const winner = candidates.find(({ name }) => name === decision.winner);
  const eligible = variants.filter((variant) => variant.eligible).map(({ variant }) => variant);
  expect(eligible).toContain(winner?.variant);
  expect(candidates.filter(({ lost }) => lost === null)).toEqual([winner]);
  if (winner?.role !== "Incumbent" && decision.gainOverDefault !== null) {
    expect(decision.gainOverDefault.low).toBeGreaterThan(1);
  }
  if (decision.confirmation !== null) {
    const { concurrency, offeredRequestsPerSecond } = decision.confirmation;
    // Each request takes a while, and none waits for longer than the run and what is awaited after it.
    expect(concurrency).toBeGreaterThan(offeredRequestsPerSecond / 1e5);
    expect(concurrency).toBeLessThan(offeredRequestsPerSecond * 30);
  }
  expect(new Set(checklist.map(({ topic }) => topic)).size).toBe(checklist.length);
  expect(ServingPlan.parse(JSON.parse(await readFile(join(folder, "out", "plan.json"), "utf8")))).toEqual(
    decision.plan,
  );
  expect(renderReport(report)).toContain("p99 latency against the offered rate");
});
