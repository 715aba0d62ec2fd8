import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@sweetspot/planner";
import { createEnginePool, fileDigest } from "@sweetspot/sidecar";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { elementwiseModel, floatTensor, onnxModel } from "../../../test/src/builders/onnx-model.ts";
import type { Sample } from "../inputs/sample.ts";
import { numbersOf } from "../quality/numbers.ts";
import { makeVariant, type VariantContext, type VariantSource } from "./make-variant.ts";
import { findPython, type PythonEnvironment } from "./python-environment.ts";

const size = 64;
const random = seededRandom(1);
const values = (count: number) => Array.from({ length: count }, () => random() * 2 - 1);

/** y [N, L, 64] = x · weights, with weights as a constant of the model. */
const matmul = () =>
  onnxModel({
    inputs: [{ name: "x", type: "FP32", shape: ["batch", "length", size] }],
    outputs: [{ name: "y", type: "FP32", shape: ["batch", "length", size] }],
    nodes: [{ op: "MatMul", inputs: ["x", "weights"], outputs: ["y"] }],
    initializers: [floatTensor("weights", [size, size], values(size * size))],
  });

const row = (length: number): Sample => ({
  inputs: [
    {
      name: "x",
      datatype: "FP32",
      shape: [1, length, size],
      data: new Uint8Array(Float32Array.from(values(length * size)).buffer),
    },
  ],
  length,
  label: null,
});
/** Of different lengths, as real ones are. */
const calibration = Array.from({ length: 8 }, (_, index) => row(1 + (index % 3)));

let directory: string;
let source: VariantSource;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "variants-"));
  source = await writeModel(matmul());
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function writeModel(bytes: Uint8Array): Promise<VariantSource> {
  const file = join(directory, "source.onnx");
  await writeFile(file, bytes);
  return { file, digest: await fileDigest(file) };
}

const context = (changes: Partial<VariantContext> = {}): VariantContext => ({
  directory: join(directory, "out"),
  calibration,
  timeoutSeconds: 60,
  memoryBytes: 4 * 2 ** 30,
  python: null,
  environment: { architecture: "x64", instructionSets: ["avx2"] },
  trial: { inputs: calibration[0]?.inputs ?? [], outputs: ["y"] },
  ...changes,
});

/** An interpreter that does something else. */
async function fakePython(script: string): Promise<PythonEnvironment> {
  const executable = join(directory, "python");
  await writeFile(executable, `#!/bin/sh\n${script}\n`);
  await chmod(executable, 0o755);
  return { executable, versions: { python: "fake" } };
}

describe("a variant", () => {
  it("Source is the file itself", async () => {
    const outcome = await makeVariant("Source", source, context());
    const bytes = (await stat(source.file)).size;
    expect(outcome).toMatchObject({ state: "Ready", file: source.file, digest: source.digest, bytes, seconds: 0 });
  });

  it("is skipped without Python, with what to do", async () => {
    const outcome = await makeVariant("INT8Dynamic", source, context());
    expect(outcome).toMatchObject({ state: "Skipped", message: expect.stringContaining("npm run setup") });
  });

  it("that is static is skipped without samples to calibrate with", async () => {
    const python = await fakePython("exit 0");
    const strings: Sample = {
      inputs: [{ name: "x", datatype: "BYTES", shape: [1], data: new Uint8Array(4) }],
      length: 1,
      label: null,
    };
    for (const samples of [[], [strings]]) {
      const outcome = await makeVariant("INT8Static", source, context({ python, calibration: samples }));
      expect(outcome).toMatchObject({ state: "Skipped", message: expect.stringContaining("samples") });
    }
  });

  it.each([
    ["TimedOut", "sleep 60", /longer than 1 s/],
    ["OutOfMemory", "kill -9 $$", /more than 4096 MiB/],
    ["OutOfMemory", "echo 'terminate called: std::bad_alloc' >&2; kill -6 $$", /more than 4096 MiB/],
    ["Failed", "echo 'ImportError: no onnx' >&2; exit 1", /status 1: ImportError: no onnx/],
    ["Failed", "echo not json", /status 0/],
    ["Skipped", `echo '{"state": "Skipped", "message": "Nothing to do."}'; exit 1`, /Nothing to do/],
  ])("is recorded as %s when the tool does `%s`", async (state, script, message) => {
    const python = await fakePython(script);
    const outcome = await makeVariant("INT8Dynamic", source, context({ python, timeoutSeconds: 1 }));
    expect(outcome).toMatchObject({ state, message: expect.stringMatching(message) });
    expect(await readdir(join(directory, "out"))).toEqual([]);
  });

  it("is skipped when tuning is stopped", async () => {
    const python = await fakePython("sleep 60");
    const outcome = await makeVariant("INT8Dynamic", source, context({ python, signal: AbortSignal.timeout(200) }));
    expect(outcome).toMatchObject({ state: "Skipped", message: expect.stringContaining("stopped") });
  });

  it("is not made of a file that is gone", async () => {
    const gone = { ...source, file: join(directory, "gone.onnx") };
    for (const name of ["Source", "INT8Dynamic"] as const) {
      const outcome = await makeVariant(name, gone, context({ python: await fakePython("exit 0") }));
      expect(outcome).toMatchObject({ state: "Failed", message: expect.stringContaining("not there any more") });
    }
  });

  it("removes what a killed tuner left behind, but not what may still be in the making", async () => {
    const [old, young] = [".making-old", ".making-young"].map((name) => join(directory, "out", name));
    for (const folder of [old!, young!]) await mkdir(folder, { recursive: true });
    await utimes(old!, 0, 0);
    await makeVariant("INT8Dynamic", source, context({ python: await fakePython("exit 1") }));
    expect(await readdir(join(directory, "out"))).toEqual([".making-young"]);
  });

  it("cannot be kept where there is no folder", async () => {
    const python = await fakePython("exit 0");
    const outcome = await makeVariant("INT8Dynamic", source, context({ python, directory: join(source.file, "out") }));
    expect(outcome).toMatchObject({ state: "Failed", message: expect.stringContaining("choose another one") });
  });
});

const python = await findPython();

describe.skipIf(python === null)("with the real tools (skipped without the Python environment from set-up)", () => {
  const layout = { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false };

  async function run(file: string, { inputs }: Sample): Promise<number[]> {
    const pool = await createEnginePool({ engine: "OnnxRuntime", file, layout });
    try {
      const { outputs } = await pool.run(inputs, ["y"], 20_000);
      return Array.from(numbersOf(outputs[0]!));
    } finally {
      await pool.close();
    }
  }

  it.each(["INT8Dynamic", "INT8Static"] as const)(
    "%s is made, smaller, loads and answers nearly the same",
    async (name) => {
      const outcome = await makeVariant(name, source, context({ python }));
      if (outcome.state !== "Ready") throw new Error(outcome.message);
      expect(outcome.digest).toBe(await fileDigest(outcome.file));
      expect(outcome.bytes).toBeLessThan(0.6 * (await stat(source.file)).size);
      const sample = calibration[2]!;
      const [exact, near] = [await run(source.file, sample), await run(outcome.file, sample)];
      const worst = Math.max(...exact.map((value, index) => Math.abs(value - near[index]!)));
      expect(worst).toBeGreaterThan(0);
      expect(worst).toBeLessThan(0.35);
      expect(await readdir(join(directory, "out"))).toHaveLength(1);

      const again = await makeVariant(name, source, context({ python }));
      expect(again).toMatchObject({ state: "Ready", digest: outcome.digest, message: "Made in an earlier run." });
    },
  );

  it("is the same file when it is made twice", async () => {
    const make = (name: string) =>
      makeVariant("INT8Static", source, context({ python, directory: join(directory, name) }));
    const [first, second] = [await make("a"), await make("b")];
    if (first.state !== "Ready") throw new Error(first.message);
    expect(second).toMatchObject({ state: "Ready", digest: first.digest });
  });

  it("is skipped where nothing gains from INT8, and where it is INT8 already", async () => {
    const plain = await makeVariant("INT8Dynamic", await writeModel(elementwiseModel()), context({ python }));
    expect(plain).toMatchObject({ state: "Skipped", message: expect.stringContaining("no operator that gains") });
    const ready = await makeVariant("INT8Dynamic", await writeModel(matmul()), context({ python }));
    if (ready.state !== "Ready") throw new Error(ready.message);
    const twice = await writeModel(await readFile(ready.file));
    expect(await makeVariant("INT8Dynamic", twice, context({ python }))).toMatchObject({
      state: "Skipped",
      message: "The model is quantized already.",
    });
  });

  it("of a broken file fails with a sentence", async () => {
    const broken = await writeModel(Buffer.from("this is no model"));
    const outcome = await makeVariant("INT8Dynamic", broken, context({ python }));
    expect(outcome).toMatchObject({ state: "Failed", message: expect.stringContaining("could not be quantized") });
  });

  it("that needs more memory than it may use is recorded so", async () => {
    const outcome = await makeVariant("INT8Dynamic", source, context({ python, memoryBytes: 100 * 2 ** 20 }));
    expect(outcome).toMatchObject({ state: "OutOfMemory", message: expect.stringContaining("100 MiB") });
  });
});
