import { EventEmitter } from "node:events";
import { DoctorCheck, DoctorReport } from "@sweetspot/crds";
import { ocrModels } from "@sweetspot/test";
import { describe, expect, it } from "vitest";
import { recordCli } from "./testing/recorded-cli.ts";

const endOf = (report: DoctorReport): number => (report.findings.some(({ state }) => state === "Problem") ? 7 : 0);

describe("sweetspot doctor", { timeout: 60_000 }, () => {
  it("examines this machine and ends with 7 where it found a problem, else with 0", async () => {
    const { code, out } = await recordCli(["doctor", "--json", "--seconds", "1"]);
    const report = DoctorReport.parse(JSON.parse(out));
    expect(report.findings.map(({ check }) => check)).toEqual(DoctorCheck.options);
    expect(code).toBe(endOf(report));
    expect(report.activity.seconds).toBeGreaterThan(0.9);
    expect(report.environment.noiseFactor).toBeGreaterThanOrEqual(1);
    expect(report.memoryBytesPerSecond).toBeGreaterThan(0);
  });

  it("runs the A/A test on the batches of a model that is named", async () => {
    const { code, out } = await recordCli(["doctor", ocrModels.classifier, "--json", "--seconds", "1"]);
    const report = DoctorReport.parse(JSON.parse(out));
    expect(code).toBe(endOf(report));
    expect(report.findings.find(({ check }) => check === "Noise")?.sentence).toContain("one batch of the model");
    expect(report.findings.find(({ check }) => check === "Model")).toMatchObject({ state: "Good" });
  });

  it("prints a line for each finding where nobody sits at a terminal, and the progress elsewhere", async () => {
    const { out, error } = await recordCli(["doctor", "--seconds", "1"]);
    expect(out.trim().split("\n")).toHaveLength(DoctorCheck.options.length + 1);
    expect(out).toMatch(/^Good EngineVersion: /m);
    expect(error).toContain("Looking at what else runs");
  });

  it("ends with 3 for a file that is no model, and with 130 when it is interrupted", async () => {
    const broken = await recordCli(["doctor", new URL(import.meta.url).pathname, "--seconds", "1"]);
    expect([broken.code, broken.out]).toEqual([3, ""]);
    const signals = new EventEmitter();
    const stopped = recordCli(["doctor", "--seconds", "600"], { signals });
    await expect.poll(() => signals.listenerCount("SIGINT")).toBe(1);
    signals.emit("SIGINT");
    expect(await stopped).toMatchObject({ code: 130, out: "" });
  });
});

describe("sweetspot doctor --watch", { timeout: 30_000 }, () => {
  it("prints a line a second for as long as it was told", async () => {
    const { code, out } = await recordCli(["doctor", "--watch", "--seconds", "2"]);
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^CPUs % 0:\d+/);
  });

  it("redraws on a terminal: it goes up as many lines as it had drawn", async () => {
    const { out } = await recordCli(["doctor", "--watch", "--seconds", "2"], { interactive: true });
    const [first = "", second = ""] = out.split("\u001b[J");
    const up = `\u001b[${first.split("\n").length - 1}A`;
    expect(first).toContain("CPU   0 [");
    expect(first.endsWith(`\n${up}`)).toBe(true);
    expect(second).toContain("CPU   0 [");
  });

  it("ends by Ctrl-C, which is no failure", async () => {
    const signals = new EventEmitter();
    const watching = recordCli(["doctor", "--watch"], { signals });
    await expect.poll(() => signals.listenerCount("SIGINT")).toBe(1);
    signals.emit("SIGINT");
    expect((await watching).code).toBe(0);
  });

  it("goes with neither a model nor JSON", async () => {
    for (const words of [["--json"], ["model.onnx"]]) {
      expect((await recordCli(["doctor", "--watch", ...words])).code).toBe(2);
    }
  });
});
