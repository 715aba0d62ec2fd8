import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeResponse } from "../protocol/oip/encode-response.ts";
import type { Tensor } from "../tensor.ts";
import { decodeInferBody, encodeInferBody } from "./infer-body.ts";

const floats = (name: string, values: number[]): Tensor => ({
  name,
  datatype: "FP32",
  shape: [1, values.length],
  data: new Uint8Array(new Float32Array(values).buffer),
});

/** An answer as our own server writes it, in one piece. */
function answer(tensors: readonly Tensor[], binary: boolean) {
  const requested = tensors.map(({ name }) => ({ name, binary }));
  const { body, headerLength } = encodeResponse("m", null, tensors, requested);
  return { body: typeof body === "string" ? Buffer.from(body, "latin1") : body, headerLength };
}

describe("the body of a request to another server", () => {
  it("has the tensors behind its JSON part with the binary extension", () => {
    const { chunks, headerLength } = encodeInferBody([floats("x", [1, 2])], ["y"], true);
    expect(JSON.parse(Buffer.from(chunks[0] as Uint8Array).toString())).toEqual({
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }],
      outputs: [{ name: "y", parameters: { binary_data: true } }],
    });
    expect([headerLength, chunks[1]?.length]).toEqual([chunks[0]?.length, 8]);
  });

  it("is plain JSON without", () => {
    const { chunks, headerLength } = encodeInferBody([floats("x", [1, 2.5])], ["y"], false);
    expect(headerLength).toBeNull();
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2.5] }],
      outputs: [{ name: "y" }],
    });
  });
});

describe("the answer of another server", () => {
  it.each([true, false])("gives the outputs in the order in which they were asked for (binary: %s)", (binary) => {
    const { body, headerLength } = answer([floats("a", [1]), floats("b", [2, 3])], binary);
    const outputs = decodeInferBody(body, headerLength, ["b", "a"]);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["b", [1, 2]],
      ["a", [1, 1]],
    ]);
    expect([...new Float32Array(new Uint8Array(outputs[0]?.data ?? []).buffer)]).toEqual([2, 3]);
  });

  it.each([
    ["is no JSON", "{", null],
    ["lacks an output", `{"outputs":[]}`, null],
    ["has an output of an unknown type", `{"outputs":[{"name":"y","datatype":"BF16","shape":[1],"data":[1]}]}`, null],
    [
      "claims more elements than it has",
      `{"outputs":[{"name":"y","datatype":"FP32","shape":[1e15],"data":[1]}]}`,
      null,
    ],
    ["is shorter than its header says", `{"outputs":[]}`, 99],
    [
      "ends inside a tensor",
      `{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}`,
      86,
    ],
  ])("is refused where it %s", (_, text, headerLength) => {
    expect(() => decodeInferBody(Buffer.from(text), headerLength, ["y"])).toThrow(/./);
  });

  it("never breaks the server, whatever it is", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: -5, max: 200 }), (text, length) => {
        expect(() => decodeInferBody(Buffer.from(text), length, ["y"])).toThrow(Error);
      }),
    );
  });
});
