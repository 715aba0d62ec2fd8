import { afterEach, describe, expect, it } from "vitest";
import {
  elementwiseModel,
  embeddingModel,
  floatTensor,
  int64Tensor,
  type OnnxNode,
  onnxModel,
  writeOnnx,
} from "../../../test/src/builders/onnx-model.ts";
import { createEnginePool } from "../engine/create-pool.ts";
import type { EnginePool } from "../engine/engine.ts";
import { engineSettings, ocrDetector, ocrRecogniser } from "../engine/engine-fixtures.ts";
import { describeModel } from "./describe-model.ts";
import { type ParityOptions, probeParity } from "./parity-probe.ts";

const started: EnginePool[] = [];

async function probe(file: string, options: ParityOptions = {}) {
  const pool = await createEnginePool(engineSettings(file));
  started.push(pool);
  const signature = await describeModel(file);
  const outputs = signature.outputs.map(({ name }) => name);
  return await probeParity(pool, signature, outputs, options);
}

/** `y` [batch, length] from `x` [batch, length]. */
const model = (nodes: readonly OnnxNode[]) =>
  writeOnnx(
    onnxModel({
      inputs: [{ name: "x", type: "FP32", shape: ["batch", "length"] }],
      outputs: [{ name: "y", type: "FP32", shape: ["batch", "length"] }],
      nodes,
      initializers: [int64Tensor("zero", [1], [0]), int64Tensor("one", [1], [1]), floatTensor("none", [1], [0])],
    }),
  );

afterEach(async () => {
  await Promise.all(started.splice(0).map((pool) => pool.close(0)));
});

describe("the parity probe", () => {
  it("permits padding where a mask makes it harmless, and finds the output axis that follows", async () => {
    const result = await probe(await writeOnnx(embeddingModel()));
    expect(result).toEqual({
      batched: 0,
      padded: 0,
      finite: true,
      padding: {
        inputs: [
          { name: "ids", axis: 1, value: 0 },
          { name: "mask", axis: 1, value: 0 },
        ],
        outputs: [{ name: "hidden", axis: 1 }],
        tolerance: 1e-4,
      },
    });
  });

  it("refuses padding that changes the answer", async () => {
    const result = await probe(await writeOnnx(embeddingModel({ masked: false })));
    expect(result.batched).toBe(0);
    expect(result.padded).toBeGreaterThan(1);
    expect(result.padding).toBeNull();
  });

  it("permits padding for what works on each element", async () => {
    const result = await probe(await writeOnnx(elementwiseModel("FP32", "Sqrt")), { tolerance: 0 });
    expect(result.padding?.outputs).toEqual([{ name: "y", axis: 1 }]);
  });

  it("refuses padding for the OCR recogniser, whose output is shorter than its input", async () => {
    expect(await probe(ocrRecogniser())).toMatchObject({ batched: expect.closeTo(0, 4), padded: null, padding: null });
  });

  it("pads nothing where two axes vary", async () => {
    expect(await probe(ocrDetector())).toMatchObject({ batched: expect.closeTo(0, 4), padded: null, padding: null });
  });

  it("sees rows that influence each other", async () => {
    const nodes = [
      { op: "ReduceSum", inputs: ["x", "zero"], outputs: ["sum"] },
      { op: "Sub", inputs: ["x", "sum"], outputs: ["y"] },
    ];
    const result = await probe(await model(nodes));
    expect(result.batched).toBeGreaterThan(0.1);
    expect(result.padding).toBeNull();
  });

  it("sees an output that has no row for each row", async () => {
    const result = await probe(await model([{ op: "ReduceSum", inputs: ["x", "zero"], outputs: ["y"] }]));
    expect(result).toMatchObject({ batched: null, padding: null });
  });

  it("refuses padding where outputs are not finite, though they agree", async () => {
    const result = await probe(await model([{ op: "Div", inputs: ["x", "none"], outputs: ["y"] }]));
    expect(result).toEqual({ batched: 0, padded: expect.anything(), finite: false, padding: null });
  });

  it("is rejected when the model takes no synthetic row", async () => {
    const file = await model(
      [
        { op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] },
        { op: "Constant", inputs: [], outputs: ["shape"], attributes: { value: int64Tensor("", [2], [1, 7]) } },
      ].reverse(),
    );
    await expect(probe(file)).rejects.toMatchObject({ name: "EngineFailure", kind: "Rejected" });
  });
});
