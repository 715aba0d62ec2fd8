import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  elementwiseModel,
  embeddingModel,
  floatTensor,
  type OnnxGraph,
  type OnnxValue,
  onnxModel,
  writeOnnx,
} from "../../../test/src/builders/onnx-model.ts";
import { ocrDetector, ocrRecogniser } from "../engine/engine-fixtures.ts";
import { describeModel, signatureOf } from "./describe-model.ts";
import { decodeOnnxGraph, ModelFileError } from "./onnx-file.ts";

const signature = (graph: OnnxGraph) => signatureOf(decodeOnnxGraph(onnxModel(graph)));

/** A graph with these inputs; what it computes does not matter here. */
const withInputs = (shapes: readonly OnnxValue["shape"][]) =>
  signature({
    inputs: shapes.map((shape, index) => ({ name: `x${index}`, type: "FP32", shape })),
    outputs: [{ name: "y", type: "FP32", shape: ["batch"] }],
    nodes: [{ op: "Identity", inputs: ["x0"], outputs: ["y"] }],
  });

describe("the signature of a model", () => {
  it("holds names, types, shapes and symbols of inputs and outputs", async () => {
    const described = await describeModel(await writeOnnx(embeddingModel({ width: 3 })));
    expect(described.inputs[0]).toEqual({
      name: "ids",
      datatype: "INT64",
      shape: [-1, -1],
      symbols: ["batch", "sequence"],
    });
    expect(described.outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ["hidden", "FP32", [-1, -1, 3]],
      ["embedding", "FP32", [-1, 3]],
    ]);
  });

  it.each(["BOOL", "UINT8", "UINT64", "INT16", "FP16", "FP64", "BYTES"] as const)("knows %s", (datatype) => {
    expect(signatureOf(decodeOnnxGraph(elementwiseModel(datatype))).inputs[0]?.datatype).toBe(datatype);
  });

  it("finds the variable width of the OCR recogniser", async () => {
    const { inputs, batchable, variableAxis, inputBounds } = await describeModel(ocrRecogniser());
    expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([["x", [-1, 3, 48, -1]]]);
    expect({ batchable, variableAxis, inputBounds }).toEqual({
      batchable: true,
      variableAxis: [{ name: "x", axis: 3 }],
      inputBounds: [],
    });
  });

  it("finds no single variable axis in the OCR detector, whose height and width vary", async () => {
    expect((await describeModel(ocrDetector())).variableAxis).toBeNull();
  });

  it("does not take initializers that are listed as inputs for inputs", () => {
    const { inputs } = signature({
      inputs: ["x", "weight"].map((name) => ({ name, type: "FP32", shape: ["N", 2] })),
      outputs: [{ name: "y", type: "FP32", shape: ["N", 2] }],
      nodes: [{ op: "Mul", inputs: ["x", "weight"], outputs: ["y"] }],
      initializers: [floatTensor("weight", [2], [1, 2])],
    });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  it("takes a size of -1 for a variable axis, as some exporters write it", () => {
    expect(withInputs([[-1, 7]]).inputs[0]?.shape).toEqual([-1, 7]);
    expect(withInputs([[-1, 7]]).batchable).toBe(true);
  });

  it("gives an output of unknown rank one variable axis", () => {
    const { outputs } = signature({
      inputs: [{ name: "x", type: "FP32", shape: ["N"] }],
      outputs: [{ name: "y", type: "FP32" }],
      nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
    });
    expect(outputs[0]?.shape).toEqual([-1]);
  });

  it.each<[string, (number | string | null)[][], boolean]>([
    [
      "each input's first axis is variable",
      [
        ["N", 3],
        [null, "L"],
      ],
      true,
    ],
    [
      "one input has a fixed first axis",
      [
        ["N", 3],
        [1, "L"],
      ],
      false,
    ],
    ["one input is a scalar", [["N", 3], []], false],
  ])("is batchable or not when %s", (_, shapes, batchable) => {
    expect(withInputs(shapes).batchable).toBe(batchable);
  });

  const both = [
    { name: "x0", axis: 1 },
    { name: "x1", axis: 1 },
  ];
  it.each<[string, (number | string | null)[][], unknown]>([
    [
      "one symbol in two inputs is one axis",
      [
        ["N", "L"],
        ["N", "L"],
      ],
      both,
    ],
    [
      "a symbol at two positions is still one axis",
      [
        ["N", "L"],
        ["N", 2, "L"],
      ],
      [both[0], { name: "x1", axis: 2 }],
    ],
    [
      "two symbols are two axes",
      [
        ["N", "L"],
        ["N", "M"],
      ],
      null,
    ],
    [
      "unnamed axes at one position are one axis",
      [
        [null, null],
        [null, null],
      ],
      both,
    ],
    ["unnamed axes at two positions are two axes", [["N", null, null]], null],
    [
      "numbered symbols count as unnamed",
      [
        ["unk__1", "unk__2"],
        ["unk__3", "unk__4"],
      ],
      both,
    ],
    [
      "a mask of L x L cannot be filled up in one place",
      [
        ["N", "L"],
        ["N", "L", "L"],
      ],
      null,
    ],
    ["the batch's own symbol is no axis of its own", [["N", "N"]], null],
    ["fixed shapes have none", [["N", 3]], null],
  ])("%s", (_, shapes, axis) => {
    expect(withInputs(shapes).variableAxis).toEqual(axis);
  });
});

describe("a file that cannot be served", () => {
  it.each([
    ["is missing", async () => "/no/such/model.onnx", /^The model file \/no\/such\/model.onnx does not exist\. Check/],
    ["is a folder", async () => dirname(await writeOnnx(elementwiseModel())), /is a folder\. Name the \.onnx file/],
    ["is empty", () => writeOnnx(new Uint8Array()), /not an ONNX model, or it is incomplete \(it holds no graph\)/],
    ["is text", () => writeOnnx(Buffer.from("version https://git-lfs.github.com/spec/v1\n")), /not an ONNX model/],
    ["is truncated", () => writeOnnx(embeddingModel().subarray(0, 150)), /or it is incomplete/],
    ["has no inputs", () => writeOnnx(constantModel()), /cannot be served: it has no inputs\.$/],
    ["has an input of unknown rank", () => writeOnnx(rankless()), /its input "x" declares no shape\.$/],
  ])("is refused with a sentence when it %s", async (_, file, message) => {
    const failure = describeModel(await file());
    await expect(failure).rejects.toBeInstanceOf(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });

  it("never fails with anything but a ModelFileError, however the file is damaged", async () => {
    const original = embeddingModel();
    const folder = await mkdtemp(join(tmpdir(), "damaged-model-"));
    const file = join(folder, "model.onnx");
    const damage = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(original.length), async (changes, length) => {
        const bytes = original.slice(0, length);
        for (const [offset, value] of changes) bytes[offset] = value;
        await writeFile(file, bytes);
        const outcome = await describeModel(file).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ModelFileError);
      }),
    );
    await rm(folder, { recursive: true });
  });
});

const constantModel = () =>
  onnxModel({
    inputs: [],
    outputs: [{ name: "y", type: "FP32", shape: [1] }],
    nodes: [{ op: "Identity", inputs: ["weight"], outputs: ["y"] }],
    initializers: [floatTensor("weight", [1], [1])],
  });

const rankless = () =>
  onnxModel({
    inputs: [{ name: "x", type: "FP32" }],
    outputs: [{ name: "y", type: "FP32", shape: ["N"] }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
