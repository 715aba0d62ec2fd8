import { seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { elementwiseModel, embeddingModel } from "../../../test/src/builders/onnx-model.ts";
import { elementBytes, elementCount } from "../tensor.ts";
import { signatureOf } from "./describe-model.ts";
import { decodeNumbers } from "./numbers.ts";
import { decodeOnnxGraph } from "./onnx-file.ts";
import { synthesiseRow } from "./synthesise.ts";

const signatureOfModel = (model: Uint8Array) => signatureOf(decodeOnnxGraph(model));

describe("a synthetic row", () => {
  it("holds ids within the table, from its first to its last, and a mask of ones", () => {
    const signature = signatureOfModel(embeddingModel({ vocabulary: 5 }));
    const [ids, mask] = synthesiseRow(signature, 200, seededRandom(1));
    expect([ids?.name, ids?.shape, mask?.shape]).toEqual(["ids", [1, 200], [1, 200]]);
    expect([...new Set(decodeNumbers(ids!))].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(decodeNumbers(mask!))).toEqual(new Set([1]));
  });

  it.each(["FP16", "FP32", "FP64"] as const)("holds %s numbers between zero and one", (datatype) => {
    const [x] = synthesiseRow(signatureOfModel(elementwiseModel(datatype)), 100, seededRandom(1));
    const values = [...decodeNumbers(x!)!];
    expect(values).toHaveLength(100);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(new Set(values).size).toBeGreaterThan(50);
  });

  it.each(["BOOL", "UINT8", "INT16", "UINT64"] as const)("fills %s with ones", (datatype) => {
    const [x] = synthesiseRow(signatureOfModel(elementwiseModel(datatype)), 3, seededRandom(1));
    expect([...decodeNumbers(x!)!]).toEqual([1, 1, 1]);
    expect(x?.data.byteLength).toBe(elementCount(x!.shape) * elementBytes(datatype)!);
  });

  it("fills strings with empty ones", () => {
    const [x] = synthesiseRow(signatureOfModel(elementwiseModel("BYTES")), 2, seededRandom(1));
    expect([...x!.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("keeps fixed sizes and gives every variable axis but the first the length", () => {
    const spec = { name: "x", datatype: "FP32", shape: [-1, 3, -1, -1], symbols: [null, null, null, null] } as const;
    const signature = { inputs: [spec], outputs: [], batchable: true, variableAxis: null, inputBounds: [] };
    expect(synthesiseRow(signature, 8, seededRandom(1))[0]?.shape).toEqual([1, 3, 8, 8]);
  });
});
