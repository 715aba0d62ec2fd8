import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRecords, readTuningResult } from "@sweetspot/crds";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));

let directory: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-job-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** The real command as a Job starts it: without HOME, everything that it writes inside `directory`. */
function startJob(model: string) {
  const { HOME: _, ...environment } = process.env;
  const words = ["tune", model, "--p99", "200ms", "--budget", "10s", "--variants", "Source", "--out"];
  const all = [...words, join(directory, "out"), "--deliver", join(directory, "termination-log")];
  const job = spawn(process.execPath, [program, ...all], {
    cwd: "/",
    env: { ...environment, TMPDIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = job;
  const written = { out: "", error: "" };
  job.stdout.on("data", (text) => {
    written.out += text;
  });
  job.stderr.on("data", (text) => {
    written.error += text;
  });
  const exited = new Promise<number | null>((resolve) => job.once("close", resolve));
  return { job, written, exited };
}

const result = async () => readTuningResult(await readFile(join(directory, "termination-log"), "utf8"));

describe("a real tuning as a Job", () => {
  it("delivers the best so far within the time that Kubernetes leaves it after SIGTERM", async () => {
    const { job, written, exited } = startJob(await writeOnnx(embeddingModel()));
    await expect.poll(() => written.error, { timeout: 60_000 }).toContain("Simulated");
    const told = performance.now();
    job.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(performance.now() - told).toBeLessThan(25_000);
    const delivered = await result();
    expect(delivered).toMatchObject({ state: "Succeeded", completed: false, variant: "Source", recipeDigest: null });
    const { records, problems } = readRecords(written.out);
    expect(problems).toEqual([]);
    expect(records.map(({ kind, digest }) => [kind, digest])).toEqual([
      ["TuningReport", delivered.state === "Succeeded" && delivered.reportDigest],
    ]);
  }, 120_000);

  it("delivers what is wrong with a file that is no model", async () => {
    const model = join(directory, "broken.onnx");
    await writeFile(model, "no model");
    const { exited } = startJob(model);
    expect(await exited).toBe(3);
    expect(await result()).toMatchObject({ state: "Failed", message: expect.stringContaining("broken.onnx") });
  }, 60_000);
});
