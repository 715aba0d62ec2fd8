import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { summarizeReport, tune } from "@sweetspot/tuner";
import { afterEach, beforeEach, expect, it } from "vitest";
import { floatTensor, onnxModel } from "../builders/onnx-model.ts";

const width = 256;
/** So many that no machine answers within a millisecond: then there is no race, which has tests of its own. */
const layers = 400;
const value = { type: "FP32", shape: ["batch", width] } as const;

/** Moves each element one place on and scales it, again and again; all layers share one weight, so the file is small. */
function chain(options: { readonly input?: string; readonly scale?: number; readonly tail?: readonly string[] } = {}) {
  const { input = "x", scale = 1, tail = ["Relu"] } = options;
  const weights = Array.from({ length: width * width }, (_, i) => ((i % width) - Math.floor(i / width) === 1 ? 1 : 0));
  const names = [input, ...Array.from({ length: layers }, (_, i) => `h${i}`)];
  const ends = [names.at(-1) as string, ...tail.slice(1).map((_, i) => `t${i}`), "y"];
  return onnxModel({
    inputs: [{ name: input, ...value }],
    outputs: [{ name: "y", ...value }],
    nodes: [
      ...names.slice(1).map((name, i) => ({
        op: "MatMul",
        inputs: [names[i] as string, i === 0 ? "first" : "w"],
        outputs: [name],
      })),
      ...tail.map((op, i) => ({ op, inputs: [ends[i] as string], outputs: [ends[i + 1] as string] })),
    ],
    initializers: [
      floatTensor("w", [width, width], closeRing(weights)),
      floatTensor(
        "first",
        [width, width],
        closeRing(weights).map((weight) => scale * weight),
      ),
    ],
  });
}

/** The last element moves to the first place. */
const closeRing = (weights: readonly number[]): number[] => weights.with((width - 1) * width, 1);

/** Stands in for the Python tools: each way of making a variant ends in another way. */
const brokenTools = `#!/bin/sh
case "$*" in
  *" -c "*) echo '{"python": "broken"}';;
  *"--mode dynamic"*) echo "Segmentation fault" >&2; kill -11 $$;;
  *"--method minmax"*) kill -9 $$;;
  *"--method entropy"*) sleep 60;;
  *"--method percentile"*) echo "no document";;
  *) echo "unexpected" >&2; exit 1;;
esac
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "failing-variants-"));
  process.env["SWEETSPOT_PYTHON"] = join(folder, "python");
  await writeFile(join(folder, "python"), brokenTools);
  await chmod(join(folder, "python"), 0o755);
});
afterEach(async () => {
  delete process.env["SWEETSPOT_PYTHON"];
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const sample = (seed: number) => {
  const data = Array.from({ length: width }, (_, i) => Math.cos(seed * width + i));
  return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, width], data }] });
};

it("whatever variants do, the tuning ends with a decision and names what became of each", {
  timeout: 90_000,
}, async () => {
  const { report } = await tune(
    {
      modelFile: await file("source.onnx", chain()),
      modelName: "source",
      task: "Generic",
      target: { percentile: "P99", latencyMilliseconds: 1 },
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
      samplesFile: await file("samples.jsonl", Array.from({ length: 80 }, (_, i) => sample(i)).join("\n")),
      variants: ["Source", "INT8Dynamic", "INT8Static", "INT8StaticEntropy", "INT8StaticPercentile", "BF16"],
      supplied: [
        // The logarithm of a negative number is none.
        { name: "Nan", file: await file("nan.onnx", chain({ tail: ["Abs", "Neg", "Log"] })) },
        { name: "Stranger", file: await file("stranger.onnx", chain({ input: "z" })) },
        { name: "Torn", file: await file("torn.onnx", chain().subarray(0, 200)) },
        { name: "Gone", file: join(folder, "gone.onnx") },
        { name: "Wrong", file: await file("wrong.onnx", chain({ scale: -1 })) },
        { name: "Student", file: await file("student.onnx", chain({ tail: ["LeakyRelu"] })) },
      ],
      variantLimits: { seconds: 2, memoryBytes: 4 * 2 ** 30 },
      budgetSeconds: 60,
      seed: 1,
      outputDirectory: join(folder, "out"),
    },
    { signal: new AbortController().signal, progress: () => undefined },
  );
  const became = Object.fromEntries(
    report.variants.map(({ variant, state, message }) => [variant, `${state}: ${message}`]),
  );
  expect(became).toMatchObject({
    Source: expect.stringMatching(/^Ready/),
    INT8Dynamic: expect.stringMatching(/^Failed: .*SIGSEGV.*Segmentation fault/),
    INT8Static: expect.stringMatching(/^OutOfMemory: .*4096 MiB/),
    INT8StaticEntropy: expect.stringMatching(/^TimedOut: .*2 s/),
    INT8StaticPercentile: expect.stringMatching(/^Failed: .*status 0/),
    BF16: expect.stringMatching(/^NotApplicable: .*no BF16 operators/),
    Nan: expect.stringMatching(/^Failed: .*NaN in \d+ of \d+ batches/),
    Stranger: expect.stringMatching(/^Failed: .*input "z"/),
    Torn: expect.stringMatching(/^Failed: .*not an ONNX model/),
    Gone: expect.stringMatching(/^Failed: .*not there/),
    Wrong: expect.stringMatching(/^Ready/),
    Student: expect.stringMatching(/^Ready/),
  });
  const mayWin = report.variants.filter(({ eligible }) => eligible).map(({ variant }) => variant);
  expect(mayWin).toEqual(["Source", "Student"]);
  expect(mayWin).toContain(report.decision.plan.artifact.variant);
  expect(report.question.supplied).toHaveLength(6);
  expect(report.decision.feasible).toBe(false);
  const summary = summarizeReport(report);
  for (const name of ["INT8Dynamic", "INT8StaticEntropy", "Nan", "Wrong"]) expect(summary).toContain(name);
});
