import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VariantResult } from "@sweetspot/crds";
import { seededRandom, withoutBatching } from "@sweetspot/planner";
import { cTranslate2, findEngine, openVino } from "@sweetspot/sidecar";
import {
  damagedWeights,
  digitLines,
  digitsModel,
  digitsSamples,
  minilmModel,
  minilmTensors,
  minilmTokenizer,
  writeTextSamples,
} from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { floatTensor, onnxModel } from "../../../test/src/builders/onnx-model.ts";
import { Budget } from "../budget.ts";
import { describeEnvironment } from "../environment/describe.ts";
import { realInstruments } from "../instruments.ts";
import type { TuneRequest } from "../tune-request.ts";
import type { TuningState } from "../tuning-state.ts";
import { findPython } from "../variants/python-environment.ts";
import { makeVariants } from "./make-variants.ts";
import { openModel } from "./open-model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "make-variants-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The state of a tuning after its variants were made and judged. */
async function made(change: Partial<TuneRequest>): Promise<TuningState> {
  const request: TuneRequest = {
    modelFile: digitsModel,
    modelName: "digits",
    task: "ImageClassification",
    target: { percentile: "P99", latencyMilliseconds: 50 },
    quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
    samplesFile: digitsSamples,
    variants: ["Source", "INT8Static"],
    budgetSeconds: 60,
    seed: 1,
    outputDirectory: join(folder, "out"),
    ...change,
  };
  const state: TuningState = {
    request,
    budget: new Budget(request.budgetSeconds),
    signal: new AbortController().signal,
    startedAt: new Date(),
    environment: await describeEnvironment(),
    cpus: 1,
    instruments: realInstruments,
    policies: [withoutBatching],
    pinnings: [true],
    model: await openModel(request, 1),
    variants: [],
    eligible: [],
    tables: [],
    referenceMicroseconds: 100,
    candidates: [],
    confirmation: null,
    pinningTrial: null,
    findings: [],
    say: () => undefined,
  };
  await makeVariants(state);
  return state;
}

const resultOf = ({ variants }: TuningState, name: string): VariantResult => {
  const found = variants.find(({ variant }) => variant === name);
  if (found === undefined) throw new Error(`nothing became of ${name}`);
  return found;
};

const python = await findPython();
const quantizesForOpenVino = python?.versions["nncf"] !== undefined && (await findEngine(openVino)) !== null;

describe.skipIf(python === null)("variants of labelled digits (skipped without the Python tools from set-up)", () => {
  it("a good INT8 model passes, seeded bad ones never do", { timeout: 90_000 }, async () => {
    const state = await made({});
    expect(resultOf(state, "INT8Static")).toMatchObject({
      state: "Ready",
      eligible: true,
      quality: { metric: "LabelAccuracy", verdict: "Pass" },
    });
    const good = state.eligible.find(({ variant }) => variant === "INT8Static")?.file as string;
    const supplied = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const file = join(folder, `bad-${seed}.onnx`);
        await writeFile(file, damagedWeights(await readFile(good), 0.4, seed));
        return { name: `Bad${seed}`, file };
      }),
    );
    const again = await made({ variants: ["Source"], supplied });
    for (const { name } of supplied) {
      expect(resultOf(again, name)).toMatchObject({ state: "Ready", eligible: false, quality: { verdict: "Fail" } });
    }
    expect(again.eligible.map(({ variant }) => variant)).toEqual(["Source"]);
  });

  it.skipIf(!quantizesForOpenVino)("INT8 by NNCF is judged on OpenVINO", { timeout: 90_000 }, async () => {
    expect(resultOf(await made({ variants: ["Source", "OpenVinoINT8"] }), "OpenVinoINT8")).toMatchObject({
      engine: "OpenVino",
      state: "Ready",
      eligible: true,
      message: expect.stringMatching(/operators compute in INT8/),
      quality: { metric: "LabelAccuracy", verdict: "Pass" },
    });
  });

  it("on 20 samples even a good one is not decided, and more are asked for", { timeout: 60_000 }, async () => {
    const samplesFile = join(folder, "few.jsonl");
    // A quarter calibrates, and does not judge.
    await writeFile(samplesFile, (await digitLines(27)).join("\n"));
    const result = resultOf(await made({ samplesFile }), "INT8Static");
    expect(result).toMatchObject({ eligible: false, quality: { samples: 20, verdict: "Inconclusive" } });
    expect(result.quality?.moreSamples).toBeGreaterThan(100);
  });

  it("what loses too much as a whole passes with its worst operator in FP32", { timeout: 120_000 }, async () => {
    const modelFile = join(folder, "uneven.onnx");
    await writeFile(modelFile, unevenModel());
    const samplesFile = join(folder, "uneven.jsonl");
    await writeFile(samplesFile, Array.from({ length: 200 }, (_, i) => unevenSample(i)).join("\n"));
    const variants = ["Source", "INT8Static", "INT8StaticMixed"] as const;
    const state = await made({ modelFile, samplesFile, task: "Generic", variants, budgetSeconds: 180 });
    expect(resultOf(state, "INT8Static")).toMatchObject({ eligible: false, quality: { verdict: "Fail" } });
    expect(resultOf(state, "INT8StaticMixed")).toMatchObject({
      state: "Ready",
      eligible: true,
      message: expect.stringMatching(/^1 of 3 operators stay FP32/),
    });
  });
});

const minilm = minilmModel();
const hasEngines = (await Promise.all([openVino, cTranslate2].map((engine) => findEngine(engine)))).every(Boolean);

describe.skipIf(!hasEngines)("the source on other engines (skipped without the engines from set-up)", () => {
  it.skipIf(minilm === null)(
    "takes part where they can compute it, and is judged as any variant",
    {
      timeout: 90_000,
    },
    async () => {
      const samplesFile = join(folder, "sentences.txt");
      await writeTextSamples(samplesFile, 40, 1);
      const state = await made({
        modelFile: minilm as string,
        modelName: "minilm",
        task: "TextEmbedding",
        samplesFile,
        tokenizerFile: minilmTokenizer(),
        outputs: [minilmTensors.embedding],
        variants: ["Source", "OpenVino", "CTranslate2", "CTranslate2INT8"],
        budgetSeconds: 600,
      });
      expect(state.variants.map(({ variant, engine, state: ended }) => [variant, engine, ended])).toEqual([
        ["Source", "OnnxRuntime", "Ready"],
        ["OpenVino", "OpenVino", "Ready"],
        ["CTranslate2", "CTranslate2", "Ready"],
        ["CTranslate2INT8", "CTranslate2", "Ready"],
      ]);
      const names = state.eligible.map(({ variant }) => variant);
      expect(names.slice(0, 3)).toEqual(["Source", "OpenVino", "CTranslate2"]);
      // Whether 8 bits lose too much depends on the CPU.
      const { quality, eligible } = resultOf(state, "CTranslate2INT8");
      expect(quality?.loss.estimate).toBeGreaterThan(0);
      expect(eligible).toBe(quality?.verdict === "Pass");
    },
  );

  it("does not apply where an engine cannot compute it, with the reason", { timeout: 60_000 }, async () => {
    const state = await made({ variants: ["Source", "CTranslate2"] });
    expect(resultOf(state, "CTranslate2")).toMatchObject({
      state: "NotApplicable",
      eligible: false,
      message: expect.stringMatching(/not a BERT encoder: it looks no tokens up/),
    });
  });
});

const width = 32;

/** Three layers, the second of which has weights with outliers that only ever meet zeros: in 8 bits the rest is lost. */
function unevenModel(): Uint8Array {
  const random = seededRandom(1);
  const weights = () => Array.from({ length: width * width }, () => 2 * random() - 1);
  const withoutFirstColumn = weights().map((weight, i) => (i % width === 0 ? 0 : weight));
  const withHugeFirstRow = weights().map((weight, i) => (i < width ? 10_000 * weight : weight));
  const value = { type: "FP32", shape: ["batch", width] } as const;
  const dims = [width, width];
  return onnxModel({
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
    nodes: [
      { op: "MatMul", inputs: ["x", "a"], outputs: ["h1"] },
      { op: "MatMul", inputs: ["h1", "b"], outputs: ["h2"] },
      { op: "MatMul", inputs: ["h2", "c"], outputs: ["y"] },
    ],
    initializers: [
      floatTensor("a", dims, withoutFirstColumn),
      floatTensor("b", dims, withHugeFirstRow),
      floatTensor("c", dims, weights()),
    ],
  });
}

function unevenSample(seed: number): string {
  const random = seededRandom(seed);
  const data = Array.from({ length: width }, () => 2 * random() - 1);
  return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, width], data }] });
}
