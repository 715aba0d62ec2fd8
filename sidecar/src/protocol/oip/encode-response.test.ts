import { describe, expect, it } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { encodeResponse } from "./encode-response.ts";
import { encodeElements } from "./json-elements.ts";

const tensor = (name: string, datatype: Tensor["datatype"], values: unknown[]): Tensor => ({
  name,
  datatype,
  shape: [1, values.length],
  data: encodeElements(datatype, values, name),
});

const asJson = (output: Tensor, id: string | null = null) => {
  const { body } = encodeResponse("m", id, [output], [{ name: output.name, binary: false }]);
  return JSON.parse(body as string);
};

describe("encoding an answer", () => {
  it.each([
    ["FP32", [0.5, -1.25, 1e-20]],
    ["FP64", [0.1, 1e300]],
    ["FP16", [0.5, 65504]],
    ["INT8", [-128, 127]],
    ["INT64", [-5, Number.MAX_SAFE_INTEGER]],
    ["UINT64", [0, 7]],
    ["BOOL", [true, false]],
    ["BYTES", ["", 'grün "x"']],
  ] as const)("writes %s as JSON that decodes to the same tensor", (datatype, values) => {
    const output = tensor("y", datatype, [...values]);
    const [decoded] = asJson(output).outputs;
    expect(decoded).toMatchObject({ name: "y", datatype, shape: [1, values.length] });
    expect(encodeElements(datatype, decoded.data, "y")).toEqual(output.data);
  });

  it("writes NaN and infinities as null, so that the JSON stays valid", () => {
    const data = new Uint8Array(
      Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 2, Number.POSITIVE_INFINITY).buffer,
    );
    expect(asJson({ name: "y", datatype: "FP32", shape: [1, 4], data }).outputs[0].data).toEqual([null, null, 2, null]);
  });

  it("writes the exact digits of large INT64 values", () => {
    const data = new Uint8Array(BigInt64Array.of(2n ** 60n + 1n).buffer);
    const { body } = encodeResponse(
      "m",
      null,
      [{ name: "y", datatype: "INT64", shape: [1], data }],
      [{ name: "y", binary: false }],
    );
    expect(body).toContain("[1152921504606846977]");
  });

  it("reads outputs at unaligned addresses", () => {
    const framed = new Uint8Array(9);
    framed.set(new Uint8Array(Float32Array.of(1, 2).buffer), 1);
    expect(asJson({ name: "y", datatype: "FP32", shape: [2], data: framed.subarray(1) }).outputs[0].data).toEqual([
      1, 2,
    ]);
  });

  it("writes large binary outputs as they are, after the same JSON", () => {
    const floats = Array.from({ length: 10_000 }, (_, i) => Math.fround(i / 3));
    const output = tensor("y", "FP32", floats);
    const { body, headerLength } = encodeResponse("m", null, [output], [{ name: "y", binary: true }]);
    const bytes = body as Buffer;
    expect(JSON.parse(bytes.toString("utf8", 0, headerLength!)).outputs[0].parameters).toEqual({
      binary_data_size: 40_000,
    });
    expect(bytes.subarray(headerLength!).equals(output.data)).toBe(true);
  });

  it("puts binary outputs after the JSON, in the requested order, beside JSON ones", () => {
    const outputs = [tensor("a", "FP32", [1, 2]), tensor("b", "INT32", [3]), tensor("c", "FP32", [4])];
    const { body, headerLength } = encodeResponse("m", "id-1", outputs, [
      { name: "c", binary: true },
      { name: "b", binary: false },
      { name: "a", binary: true },
    ]);
    const bytes = Buffer.from(body as string, "latin1");
    const document = JSON.parse(bytes.toString("utf8", 0, headerLength!));
    expect(document).toMatchObject({ id: "id-1", model_name: "m", model_version: "1" });
    expect(document.outputs.map((output: { name: string }) => output.name)).toEqual(["c", "b", "a"]);
    expect(document.outputs[0].parameters).toEqual({ binary_data_size: 4 });
    expect(document.outputs[1].data).toEqual([3]);
    expect(bytes.subarray(headerLength!)).toEqual(Buffer.concat([outputs[2]!.data, outputs[0]!.data]));
  });
});
