import { existsSync } from "node:fs";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ServingPlan, TuningReport } from "@sweetspot/crds";
import { minilmModel, ocrModels, writeOcrSamples } from "@sweetspot/test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddingModel, onnxModel, writeOnnx } from "../builders/onnx-model.ts";
import { type CliProcess, Workplace } from "./cli-process.ts";
import { ServedModel } from "./served-model.ts";
import { mayMount, mountSmallDisk, unmount } from "./small-disk.ts";

const twoRows = JSON.stringify({
  inputs: ["ids", "mask"].map((name) => ({ name, datatype: "INT64", shape: [2, 2], data: [1, 1, 1, 0] })),
});
const small = await writeOnnx(embeddingModel());
const minute = 60_000;

let workplace: Workplace;
let out: string;
beforeEach(async () => {
  workplace = await Workplace.open();
  out = workplace.file("out");
});
afterEach(async () => {
  try {
    expect(await workplace.remainingProcesses()).toEqual([]);
    expect(await workplace.remainingFiles()).toEqual([]);
  } finally {
    await workplace.close();
  }
});

function tune(model: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): CliProcess {
  const common = ["--out", out, "--budget", "3s", "--variants", "Source"];
  return workplace.start(["tune", model, ...common, ...words], environment);
}

const readReport = async (): Promise<TuningReport> =>
  TuningReport.parse(JSON.parse(await readFile(join(out, "report.json"), "utf8")));

/** Serves the plan in the folder and gives the statuses of two requests, one after the other. */
async function serve(body: string): Promise<number[]> {
  const server = await ServedModel.start(workplace, "--plan", join(out, "plan.json"));
  const answers = [await server.infer(body), await server.infer(body)];
  server.command.signal("SIGTERM");
  expect(await server.command.exited).toBe(0);
  return answers.map(({ status }) => status);
}

/** One sentence or two on one line, and no word of the program's own places. */
function expectSentence(command: CliProcess): void {
  const lines = command.error.trim().split("\n");
  expect(lines.filter((line) => line.startsWith("sweetspot: "))).toEqual([lines.at(-1)]);
  expect(lines.at(-1)).toMatch(/^sweetspot: [A-Z/].*\.$/);
  expect(command.error).not.toMatch(/^\s+at |\.ts:\d+|node_modules|Something unexpected/m);
  expect(command.out).toBe("");
}

describe("a target that cannot be met", () => {
  it("is an answer: the best reachable latency, one document, and a plan that serves", {
    timeout: minute,
  }, async () => {
    const command = tune(ocrModels.classifier, ["--p99", "1ms", "--json"]);
    expect(await command.exited).toBe(0);
    const report = TuningReport.parse(JSON.parse(command.out));
    expect(report).toEqual(await readReport());
    const { decision, candidates, completed, question } = report;
    expect([completed, decision.feasible, decision.capacityRequestsPerSecond]).toEqual([true, false, 0]);
    expect(decision.bestReachableMilliseconds).toBeGreaterThan(1);
    expect(decision.reason).toContain(`${decision.bestReachableMilliseconds.toFixed(1)} ms at P99`);
    const names = candidates.map(({ name }) => name);
    expect(names).toContain(decision.winner);
    expect(new Set(names).size).toBe(names.length);
    expect(question.workload.source).toBe("Synthesised");
    expect((await readdir(out)).sort()).toEqual(["plan.json", "report.html", "report.json"]);
    const input = { name: "x", datatype: "FP32", shape: [1, 3, 48, 192], data: Array(3 * 48 * 192).fill(0) };
    expect(await serve(JSON.stringify({ inputs: [input] }))).toEqual([200, 200]);
  });
});

describe("what cannot be used", () => {
  async function expectRefused(model: string, code: number): Promise<string> {
    const command = tune(model, ["--p99", "50ms"]);
    expect(await command.exited).toBe(code);
    expectSentence(command);
    return command.error;
  }
  const expectNoResult = async () => expect(await readdir(out, { recursive: true })).toEqual([]);

  it("is a truncated model", async () => {
    const file = workplace.file("truncated.onnx");
    await writeFile(file, (await readFile(ocrModels.recogniser)).subarray(0, 5_000_000));
    expect(await expectRefused(file, 3)).toMatch(/truncated\.onnx is not an ONNX model, or it is incomplete/);
    await expectNoResult();
  });

  it("is a text file", async () => {
    const file = workplace.file("notes.onnx");
    await writeFile(file, "These are my notes about the model.\n");
    expect(await expectRefused(file, 3)).toMatch(/notes\.onnx is not an ONNX model/);
    await expectNoResult();
  });

  it("is a model that the engine refuses", async () => {
    const value = { type: "FP32", shape: ["batch", 4] } as const;
    const bytes = onnxModel({
      inputs: [{ name: "x", ...value }],
      outputs: [{ name: "y", ...value }],
      nodes: [{ op: "NoSuchOperator", inputs: ["x"], outputs: ["y"] }],
    });
    expect(await expectRefused(await writeOnnx(bytes), 3)).toMatch(/NoSuchOperator/);
    await expectNoResult();
  });

  it("is a model that is not there", async () => {
    expect(await expectRefused(workplace.file("missing.onnx"), 3)).toMatch(/does not exist/);
    await expectNoResult();
  });

  it("is a folder for results that cannot be made", async () => {
    await writeFile(out, "a file in the way");
    expect(await expectRefused(small, 4)).toMatch(/a file of that name is in the way/);
    out = join(out, "below");
    expect(await expectRefused(small, 4)).toMatch(/a part of the path is a file/);
  });
});

const canMount = mayMount();
const python = minilmModel() !== null;

describe.skipIf(!canMount || !python)(
  "a disk that is too small for the variants (skipped unless root may mount, and without Python from npm run setup)",
  () => {
    afterEach(() => unmount(out));

    it("costs the variant, not the decision", { timeout: minute }, async () => {
      const samples = workplace.file("samples.jsonl");
      await writeOcrSamples(samples, 8, 1);
      expect(mountSmallDisk(out, 3_000_000)).toBe(true);
      const words = ["--variants", "Source,INT8Dynamic", "--p99", "1ms", "--samples", samples];
      const command = tune(ocrModels.recogniser, words);
      expect(await command.exited).toBe(0);
      const { variants, decision, completed } = await readReport();
      const lossy = variants.find(({ variant }) => variant === "INT8Dynamic");
      expect(lossy).toMatchObject({ state: "Failed", eligible: false, message: expect.stringMatching(/disk is full/) });
      expect([completed, decision.plan.artifact.variant]).toEqual([true, "Source"]);
      expect(await readdir(join(out, "variants"))).toEqual([]);
    });
  },
);

describe("Ctrl-C", () => {
  /** What an interrupted run leaves: a whole report that says so, and a plan that serves. */
  async function expectBestSoFar(command: CliProcess): Promise<TuningReport> {
    expect(await command.exited).toBe(130);
    expect(command.error).toContain("Stopping; the best so far is kept.");
    const report = await readReport();
    expect(report.completed).toBe(false);
    const plan = ServingPlan.parse(JSON.parse(await readFile(join(out, "plan.json"), "utf8")));
    expect(plan.revision).toBe(report.decision.winner);
    expect(await serve(twoRows)).toEqual([200, 200]);
    return report;
  }

  it("while cost tables are measured keeps the best so far", { timeout: minute }, async () => {
    const command = tune(small, ["--p99", "50ms", "--json"]);
    await command.shows("error", /CostTable: Measuring Source in/);
    command.signal("SIGINT");
    const report = await expectBestSoFar(command);
    expect(report.decision.confirmation).toBeNull();
    expect(TuningReport.parse(JSON.parse(command.out))).toEqual(report);
  });

  it("on the terminal during the race reaches all processes, and keeps the best so far", {
    timeout: 2 * minute,
  }, async () => {
    const command = tune(small, ["--p99", "50ms"]);
    await command.shows("error", /Race: Racing /);
    command.signalGroup("SIGINT");
    const report = await expectBestSoFar(command);
    expect(report.tables.length).toBeGreaterThan(1);
    expect(report.candidates.length).toBeGreaterThan(1);
  });

  it("before anything is found out says so, and leaves no result", async () => {
    const command = tune(small, ["--p99", "50ms", "--json"]);
    await command.shows("error", /Environment:/);
    command.signal("SIGINT");
    expect(await command.exited).toBe(130);
    expectSentence(command);
    expect(command.error).toContain("Stopped before anything was found out.");
    expect(await readdir(out)).toEqual([]);
  });

  it("a second time ends the command at once", async () => {
    // A Python that never answers, and ends with the one who asked.
    const stuck = workplace.file("python");
    await writeFile(stuck, '#!/bin/sh\n: > "$0.asked"\nexec cat\n');
    await chmod(stuck, 0o755);
    const command = tune(small, ["--p99", "50ms"], { SWEETSPOT_PYTHON: stuck });
    await expect.poll(() => existsSync(`${stuck}.asked`), { timeout: 20_000 }).toBe(true);
    command.signal("SIGINT");
    // Sooner it would count as the same key press.
    await sleep(700);
    const asked = performance.now();
    command.signal("SIGINT");
    expect(await command.exited).toBe(130);
    expect(performance.now() - asked).toBeLessThan(1500);
    expect(await readdir(out)).toEqual([]);
  });
});
