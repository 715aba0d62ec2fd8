import { describe, expect, it } from "vitest";
import type { ModelSignature, TensorSpec } from "../../model/signature.ts";
import { ApiError } from "../errors.ts";
import { decodeRequest } from "./decode-request.ts";
import { requestSchema } from "./request-schema.ts";

const spec = (name: string, datatype: TensorSpec["datatype"], shape: readonly number[]): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => null),
});

const schemaOf = (...inputs: TensorSpec[]) => {
  const outputs = [spec("y", "FP32", [-1, 4]), spec("z", "FP32", [-1, 4])];
  const signature: ModelSignature = { inputs, outputs, batchable: true, variableAxis: null, inputBounds: [] };
  return requestSchema(signature, { inputBounds: [] });
};

function decode(bytes: Uint8Array, ...inputs: TensorSpec[]) {
  try {
    const request = decodeRequest(bytes, "0", schemaOf(...inputs));
    return { ...request, shape: request.inputs[0]?.shape };
  } catch (error) {
    if (error instanceof ApiError) return { refusal: error.code };
    throw error;
  }
}

describe("decoding a body without a JSON part", () => {
  it.each([
    ["takes fixed sizes as they are", "FP32", [1, 3], 12, [1, 3]],
    ["takes one row of a model with rows", "FP32", [-1, 3], 12, [1, 3]],
    ["finds the one variable size", "FP32", [-1, -1], 20, [1, 5]],
    ["finds it between fixed sizes", "FP32", [-1, 3, -1, 2], 96, [1, 3, 4, 2]],
    ["finds it where rows are fixed", "INT64", [2, -1], 48, [2, 3]],
    ["counts the width of the type", "UINT8", [-1, -1], 20, [1, 20]],
    ["takes one element without axes", "FP64", [], 8, []],
  ] as const)("%s", (_, datatype, shape, bytes, expected) => {
    expect(decode(new Uint8Array(bytes), spec("x", datatype, shape))).toMatchObject({
      shape: expected,
      id: null,
      timeoutMicroseconds: null,
      outputs: [
        { name: "y", binary: true },
        { name: "z", binary: true },
      ],
    });
  });

  it("makes the whole body one string", () => {
    const body = Buffer.from("any \u0000 bytes");
    const { inputs, shape } = decode(body, spec("x", "BYTES", [-1, 1])) as ReturnType<typeof decodeRequest> & {
      shape: number[];
    };
    expect(shape).toEqual([1, 1]);
    const { data } = inputs[0]!;
    expect(Buffer.from(data).readUInt32LE()).toBe(body.length);
    expect(Buffer.from(data).subarray(4)).toEqual(body);
    expect(decode(Buffer.alloc(0), spec("x", "BYTES", [-1]))).toMatchObject({ shape: [1] });
  });

  it.each([
    ["two variable sizes", "RawBodyUnfit", "FP32", [-1, -1, -1], 12],
    ["a size that is no whole number", "RawBodyUnfit", "FP32", [-1, 3, -1], 20],
    ["bytes that are no whole element", "RawBodyUnfit", "FP32", [-1, -1], 7],
    ["no bytes", "RawBodyUnfit", "FP32", [-1, -1], 0],
    ["fewer bytes than the fixed sizes", "WrongByteCount", "FP32", [-1, 3], 8],
    ["more than one row", "WrongByteCount", "FP32", [-1, 3], 24],
    ["strings that must be more than one", "RawBodyUnfit", "BYTES", [-1, 2], 10],
  ] as const)("refuses %s", (_, code, datatype, shape, bytes) => {
    expect(decode(new Uint8Array(bytes), spec("x", datatype, shape))).toEqual({ refusal: code });
  });

  it("refuses models with several inputs, and values that a described request could not have", () => {
    const ids = spec("ids", "INT64", [-1, -1]);
    expect(decode(new Uint8Array(16), ids, spec("mask", "INT64", [-1, -1]))).toEqual({ refusal: "RawBodyUnfit" });
    const nan = new Uint8Array(Float32Array.of(Number.NaN).buffer);
    expect(decode(nan, spec("x", "FP32", [-1, -1]))).toEqual({ refusal: "NonFiniteInput" });
  });
});
