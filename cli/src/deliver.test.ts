import { EventEmitter } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, readRecords, readTuningResult, type TuningReport, type TuningResult } from "@sweetspot/crds";
import type { tune as realTune } from "@sweetspot/tuner";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goldenReport, type RecordedOptions, recordCli } from "./testing/recorded-cli.ts";

type Tune = typeof realTune;

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-deliver-"));
  file = join(directory, "termination-log");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const words = () => ["tune", "m.onnx", "--p99", "50ms", "--out", directory, "--deliver", file];
const result = async (): Promise<TuningResult> => readTuningResult(await readFile(file, "utf8"));

/** A report whose winner is the source, which needs no recipe. */
async function sourceReport(change: Partial<TuningReport> = {}): Promise<TuningReport> {
  const report = await goldenReport();
  const artifact = { ...report.decision.plan.artifact, variant: "Source" } as const;
  return { ...report, decision: { ...report.decision, plan: { ...report.decision.plan, artifact } }, ...change };
}

const answering =
  (report: () => Promise<TuningReport>): Tune =>
  async ({ outputDirectory }) => ({ report: await report(), directory: outputDirectory });

async function delivered(tune: Tune, options: RecordedOptions = {}) {
  const recorded = await recordCli(words(), { ...options, tune });
  return { ...recorded, result: await result() };
}

describe("a tuning that runs as a Job", () => {
  it("leaves the result in the file and the report on stdout, named by its digest", async () => {
    const report = await sourceReport();
    const { code, out, error, result } = await delivered(answering(sourceReport));
    expect(code).toBe(0);
    expect(result).toMatchObject({
      state: "Succeeded",
      winner: report.decision.summary,
      planDigest: digestOf(report.decision.plan),
      recipeDigest: null,
      environment: { cpus: report.question.cpus },
    });
    const { records, problems } = readRecords(out);
    expect(problems).toEqual([]);
    expect(records.map(({ kind, digest }) => [kind, digest])).toEqual([
      ["TuningReport", result.state === "Succeeded" && result.reportDigest],
    ]);
    expect(records[0]?.document).toEqual(report);
    expect(out.split("\n").filter((line) => line !== "" && !line.startsWith("sweetspot-record/1 "))).toEqual([]);
    expect(error).toContain("p99 latency");
  });

  it("says why a made winner cannot be made again, instead of failing", async () => {
    const { code, result } = await delivered(answering(goldenReport));
    expect(code).toBe(0);
    expect(result).toMatchObject({ recipeDigest: null, message: expect.stringContaining("cannot be made again") });
  });

  it("delivers the best so far at SIGTERM and ends with 0", async () => {
    const signals = new EventEmitter();
    const tune: Tune = async ({ outputDirectory }, { signal }) => {
      const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
      setImmediate(() => signals.emit("SIGTERM"));
      await stopped;
      return { report: await sourceReport({ completed: false }), directory: outputDirectory };
    };
    const { code, result } = await delivered(tune, { signals });
    expect([code, result]).toMatchObject([
      0,
      { state: "Succeeded", completed: false, message: expect.stringContaining("best so far") },
    ]);
  });

  it("delivers an infeasible target as an answer", async () => {
    const tune = answering(async () => {
      const report = await sourceReport();
      return { ...report, decision: { ...report.decision, feasible: false } };
    });
    const { code, result } = await delivered(tune);
    expect([code, result]).toMatchObject([
      0,
      { state: "Succeeded", feasible: false, message: expect.stringContaining("cannot be met on this node") },
    ]);
  });

  it("delivers a failure with the sentence and the code that a person would get", async () => {
    const bad = Object.assign(new Error("line 3 is no request. Correct it."), { name: "SamplesError" });
    const { code, out, result } = await delivered(() => Promise.reject(bad));
    expect([code, out]).toEqual([3, ""]);
    expect(result).toMatchObject({ state: "Failed", message: "line 3 is no request. Correct it." });
  });

  it("delivers a failure when it was stopped before it found anything out", async () => {
    const signals = new EventEmitter();
    const tune: Tune = async (_, { signal }) => {
      signals.emit("SIGTERM");
      signal.throwIfAborted();
      throw new Error("not reached");
    };
    const { code, result } = await delivered(tune, { signals });
    expect([code, result]).toMatchObject([130, { state: "Failed", message: expect.stringMatching(/before anything/) }]);
  });

  it("has left a sentence behind if it is killed", async () => {
    let early: TuningResult | undefined;
    await delivered(async (request, hooks) => {
      early = await result();
      return answering(sourceReport)(request, hooks);
    });
    expect(early).toMatchObject({ state: "Failed", message: expect.stringMatching(/killed.*memory/) });
  });

  it("keeps its report in an artifact store, under the digest that the result names", async () => {
    const store = join(directory, "store");
    const { code, error } = await recordCli([...words(), "--artifacts", store], { tune: answering(sourceReport) });
    expect(code).toBe(0);
    const told = await result();
    if (told.state !== "Succeeded") expect.fail(told.message);
    expect(error).toContain(told.reportDigest);
    expect(await readdir(join(store, "sha256"))).toEqual([told.reportDigest.slice("sha256:".length)]);
  });

  it("has its answer also where the artifact store cannot be written, and says so", async () => {
    const store = join(directory, "store");
    await writeFile(store, "a file");
    const { code, error } = await recordCli([...words(), "--artifacts", store], { tune: answering(sourceReport) });
    expect([code, await result()]).toMatchObject([0, { state: "Succeeded" }]);
    expect(error).toMatch(/Not all could be kept .*a part of the path is a file.*correct the store/s);
  });

  it("writes in place, as a mount needs it, and ends with 4 where it cannot", async () => {
    await writeFile(file, "x".repeat(5000));
    await delivered(answering(sourceReport));
    const gone = await recordCli([...words().slice(0, -1), join(directory, "none", "file")], {
      tune: answering(sourceReport),
    });
    expect([gone.code, gone.out]).toEqual([4, ""]);
    expect(gone.error).toContain("--deliver");
  });
});
