import { EventEmitter } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { TuningReport } from "@sweetspot/crds";
import type { tune as realTune, TuneRequest } from "@sweetspot/tuner";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goldenReport, recordCli } from "./testing/recorded-cli.ts";

type Tune = typeof realTune;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-cli-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const words = (...more: string[]) => ["tune", "m.onnx", "--p99", "50ms", "--out", directory, ...more];

/** A tuner that answers at once with the golden report. */
const answering =
  (change: (report: TuningReport) => TuningReport = (report) => report): Tune =>
  async (request, { progress }) => {
    progress({ stage: "Race", message: "Racing", elapsedSeconds: 30, budgetSeconds: 60, best: "Source" });
    return { report: change(await goldenReport()), directory: request.outputDirectory };
  };

/** A tuner that goes on until it is stopped. */
const endless =
  (onStart: () => void, answer: () => Promise<TuningReport>): Tune =>
  async ({ outputDirectory }, { signal }) => {
    const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve));
    onStart();
    await stopped;
    return { report: await answer(), directory: outputDirectory };
  };

describe("sweetspot tune", () => {
  it("passes on what was asked, with defaults", async () => {
    let asked: TuneRequest | undefined;
    const tune: Tune = (request, hooks) => {
      asked = request;
      return answering()(request, hooks);
    };
    await recordCli(words("--budget", "2m", "--output", "a", "--output", "b", "--rate", "20"), { tune });
    expect(asked).toMatchObject({
      budgetSeconds: 120,
      outputs: ["a", "b"],
      requestsPerSecond: 20,
      seed: 1,
      task: "Generic",
    });
    // The tuner chooses by the budget.
    expect(asked).not.toHaveProperty("variants");
    expect(asked).not.toHaveProperty("supplied");
  });

  it("passes on models of the user's with absolute paths", async () => {
    let asked: TuneRequest | undefined;
    const tune: Tune = (request, hooks) => {
      asked = request;
      return answering()(request, hooks);
    };
    await recordCli(words("--variant", "Student=small.onnx", "--variant", "Qat=/models/qat=1.onnx"), { tune });
    expect(asked?.supplied).toEqual([
      { name: "Student", file: resolve("small.onnx") },
      { name: "Qat", file: "/models/qat=1.onnx" },
    ]);
  });

  it("writes the HTML report, the summary to stdout and progress to stderr", async () => {
    const { code, out, error } = await recordCli(words(), { tune: answering() });
    expect(code).toBe(0);
    expect(out).toMatch(/p99 latency/);
    expect(out).toMatch(/sweetspot serve --plan .*plan\.json/);
    expect(error).toMatch(/30 of 60 s {2}Race: Racing \(best so far: Source\)/);
    expect(await readFile(join(directory, "report.html"), "utf8")).toMatch(/^<!doctype html>/);
  });

  it("prints exactly the report with --json", async () => {
    const { out } = await recordCli(words("--json"), { tune: answering() });
    expect(TuningReport.parse(JSON.parse(out))).toEqual(await goldenReport());
  });

  it("ends with 0 for an infeasible target, which is an answer, unless told otherwise", async () => {
    const tune = answering((report) => ({ ...report, decision: { ...report.decision, feasible: false } }));
    const plain = await recordCli(words(), { tune });
    expect([plain.code, plain.out]).toEqual([0, expect.stringContaining("cannot be met")]);
    expect((await recordCli(words("--fail-if-infeasible"), { tune })).code).toBe(5);
  });

  it("keeps the best so far at the first Ctrl-C and ends with 130", async () => {
    const signals = new EventEmitter();
    const partial = async () => ({ ...(await goldenReport()), completed: false });
    const tune = endless(() => setImmediate(() => signals.emit("SIGINT")), partial);
    const { code, out, error } = await recordCli(words(), { tune, signals });
    expect(code).toBe(130);
    expect(error).toContain("the best so far is kept");
    expect(out).toContain("stopped early");
    await expect(access(join(directory, "report.html"))).resolves.toBeUndefined();
    expect(signals.listenerCount("SIGINT")).toBe(0);
  });

  it("ends at once at the second Ctrl-C", async () => {
    const signals = new EventEmitter();
    let time = 0;
    const ended: number[] = [];
    const start = () =>
      setImmediate(() => {
        signals.emit("SIGINT");
        time += 1000;
        signals.emit("SIGINT");
      });
    const tune = endless(start, goldenReport);
    await recordCli(words(), { tune, signals, now: () => time, endNow: (code) => ended.push(code) });
    expect(ended).toEqual([130]);
  });

  it("says so when it was stopped before there was anything to decide on", async () => {
    const signals = new EventEmitter();
    const tune = endless(
      () => setImmediate(() => signals.emit("SIGINT")),
      () => Promise.reject(new Error("no candidate")),
    );
    const { code, out, error } = await recordCli(words(), { tune, signals });
    expect([code, out]).toEqual([130, ""]);
    expect(error).toContain("before anything was found out");
  });

  it("ends with 4 when the HTML report cannot be written", async () => {
    const tune: Tune = async () => ({ report: await goldenReport(), directory: join(directory, "gone") });
    const { code, error } = await recordCli(words(), { tune });
    expect(code).toBe(4);
    expect(error).toMatch(/cannot be written \(ENOENT\).*--out/);
  });
});

describe("sweetspot report", () => {
  it("shows the decision of a folder again and rewrites its HTML", async () => {
    await writeFile(join(directory, "report.json"), JSON.stringify(await goldenReport()));
    const { code, out } = await recordCli(["report", directory]);
    expect([code, out]).toEqual([0, expect.stringContaining("p99 latency")]);
    expect(await readFile(join(directory, "report.html"), "utf8")).toContain("</html>");
    const elsewhere = join(directory, "other.html");
    expect(JSON.parse((await recordCli(["report", directory, "--json", "--out", elsewhere])).out).kind).toBe(
      "TuningReport",
    );
    await expect(access(elsewhere)).resolves.toBeUndefined();
  });

  it("ends with 3 and names the wrong field of a report that is not valid", async () => {
    const { decision: _, ...rest } = await goldenReport();
    await writeFile(join(directory, "report.json"), JSON.stringify(rest));
    const { code, out, error } = await recordCli(["report", directory]);
    expect([code, out]).toEqual([3, ""]);
    expect(error).toContain("decision");
    expect((await recordCli(["report", join(directory, "none")])).code).toBe(3);
  });
});
