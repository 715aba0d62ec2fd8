import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LoadReport, ServiceLevelReport } from "@sweetspot/crds";
import { safePlan } from "@sweetspot/sidecar";
import { ocrModels } from "@sweetspot/test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const model = ocrModels.classifier;

/** The real command in a process of its own. */
class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  out = "";
  error = "";

  constructor(words: readonly string[]) {
    this.child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (text) => {
      this.out += text;
    });
    this.child.stderr?.on("data", (text) => {
      this.error += text;
    });
    this.exited = new Promise((resolve) => this.child.once("close", (code) => resolve(code)));
  }

  /** The first line on stdout. */
  async line(): Promise<string> {
    const end = Date.now() + 20_000;
    while (!this.out.includes("\n")) {
      if (Date.now() > end || this.child.exitCode !== null) throw new Error(`no line: ${this.error}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.out.slice(0, this.out.indexOf("\n"));
  }
}

let directory: string;
const running: Running[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-cli-"));
});
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.splice(0).map(({ exited }) => exited));
  await rm(directory, { recursive: true, force: true });
});

function start(...words: string[]): Running {
  const command = new Running(words);
  running.push(command);
  return command;
}

async function reportOf(metrics: string): Promise<ServiceLevelReport> {
  return ServiceLevelReport.parse(await (await fetch(`${metrics}/v2/sweetspot/report`)).json());
}

const anyPorts = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"];

describe("sweetspot serve and load", () => {
  it("serves a bare model, takes load, and drains at SIGTERM with code 0", async () => {
    const server = start("serve", "--model", model, "--name", "ocr", ...anyPorts, "--json");
    const ready = JSON.parse(await server.line());
    expect(ready).toMatchObject({ ready: true, model: "ocr", revision: "safe" });
    const url = `http://127.0.0.1:${ready.httpPort}/v2/models/ocr`;
    const duration = ["--duration", "1s", "--warmup", "200ms"];
    const load = start("load", url, "--rate", "20", ...duration, "--p99", "5s", "--json");
    expect(await load.exited).toBe(0);
    const report = LoadReport.parse(JSON.parse(load.out));
    expect(report.stages).toHaveLength(1);
    const { total, failed, excluded } = report.stages[0]?.counts ?? expect.fail("no stage");
    expect([failed, excluded]).toEqual([0, 0]);
    expect(total).toBeGreaterThan(5);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    // Exactly one document.
    expect(server.out.trim().split("\n")).toHaveLength(1);
  });

  it("serves a plan by its own file and takes a newer one", async () => {
    const target = { percentile: "P99", latencyMilliseconds: 1000 } as const;
    await copyFile(model, join(directory, "model.onnx"));
    const plan = await safePlan(join(directory, "model.onnx"), "planned", target, 1);
    const relative = { ...plan, artifact: { ...plan.artifact, file: "model.onnx" } };
    const file = join(directory, "plan.json");
    await writeFile(file, JSON.stringify({ ...relative, revision: "r1" }));
    const server = start("serve", "--plan", file, ...anyPorts);
    const line = await server.line();
    expect(line).toMatch(/^Serving planned \(plan r1\) at http:\/\/127\.0\.0\.1:\d+\/v2\/models\/planned/);
    // The watch has to have had its first look at the file.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const metrics = /metrics at (http:\/\/[^/]+)/.exec(line)?.[1] ?? expect.fail(line);
    await writeFile(file, JSON.stringify({ ...relative, revision: "r2" }));
    await expect.poll(() => reportOf(metrics).then(({ planRevision }) => planRevision), { timeout: 15_000 }).toBe("r2");
    server.child.kill("SIGINT");
    expect(await server.exited).toBe(0);
  });

  it("ends with 6 when its port is taken, and with 3 for a file that is no model", async () => {
    const first = start("serve", "--model", model, ...anyPorts, "--json");
    const { httpPort } = JSON.parse(await first.line());
    const second = start("serve", "--model", model, ...anyPorts, "--http-port", String(httpPort));
    expect(await second.exited).toBe(6);
    expect(second.error).toContain(`port ${httpPort}`);
    const file = join(directory, "broken.onnx");
    await writeFile(file, (await readFile(model)).subarray(0, 1000));
    const broken = start("serve", "--model", file, ...anyPorts);
    expect(await broken.exited).toBe(3);
    expect([broken.out, broken.error.trim().split("\n").length]).toEqual(["", 1]);
  });

  it("shows what was measured until Ctrl-C and ends with 130", async () => {
    const server = start("serve", "--model", model, "--name", "ocr", ...anyPorts, "--json");
    const { httpPort, metricsPort } = JSON.parse(await server.line());
    const words = ["--rate", "20", "--duration", "60s", "--warmup", "100ms", "--p99", "5s", "--json"];
    const load = start("load", `http://127.0.0.1:${httpPort}`, "--model-name", "ocr", ...words);
    // Ten requests at 20/s: the warm-up of 0.1 s is over.
    const served = () => reportOf(`http://127.0.0.1:${metricsPort}`).then(({ counts }) => counts.total);
    await expect.poll(served, { timeout: 20_000 }).toBeGreaterThan(10);
    load.child.kill("SIGINT");
    expect(await load.exited).toBe(130);
    expect(LoadReport.parse(JSON.parse(load.out)).stages[0]?.seconds).toBeLessThan(20);
  });
});
