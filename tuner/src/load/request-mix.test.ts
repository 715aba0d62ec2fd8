import { DocumentError } from "@sweetspot/crds";
import type { Tensor } from "@sweetspot/sidecar";
import { describe, expect, it } from "vitest";
import { decodeMix, encodeMix, prepareMix } from "./request-mix.ts";

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const ids: Tensor = {
  name: "ids",
  datatype: "INT64",
  shape: [1, 2],
  data: bytesOf(BigInt64Array.of(7n, -(2n ** 60n))),
};
const image: Tensor = { name: "x", datatype: "FP32", shape: [1, 3], data: bytesOf(Float32Array.of(0.5, -1, 3)) };

describe("prepareMix", () => {
  it("writes binary requests as a JSON header and the bytes of all inputs", () => {
    const [request] = prepareMix([[ids, image]], "binary").requests;
    const headerLength = Number(request?.headers["inference-header-content-length"]);
    const body = Buffer.from(request?.body ?? []);
    expect(JSON.parse(body.subarray(0, headerLength).toString())).toEqual({
      inputs: [
        { name: "ids", datatype: "INT64", shape: [1, 2], parameters: { binary_data_size: 16 } },
        { name: "x", datatype: "FP32", shape: [1, 3], parameters: { binary_data_size: 12 } },
      ],
      parameters: { binary_data_output: true },
    });
    expect(body.subarray(headerLength)).toEqual(Buffer.concat([ids.data, image.data]));
  });

  it("asks for the wanted outputs only, in binary", () => {
    const [request] = prepareMix([[image]], "binary", ["probabilities"]).requests;
    const headerLength = Number(request?.headers["inference-header-content-length"]);
    const header = JSON.parse(Buffer.from(request?.body ?? []).toString("latin1", 0, headerLength));
    expect(header.outputs).toEqual([{ name: "probabilities", parameters: { binary_data: true } }]);
    expect(header.parameters).toBeUndefined();
  });

  it("writes JSON requests without losing digits of 64-bit integers", () => {
    const [request] = prepareMix([[ids, image]], "json", ["y"]).requests;
    const text = Buffer.from(request?.body ?? []).toString();
    expect(text).toContain('"data":[7,-1152921504606846976]');
    expect(JSON.parse(text).inputs[1]).toEqual({ name: "x", datatype: "FP32", shape: [1, 3], data: [0.5, -1, 3] });
    expect(JSON.parse(text).outputs).toEqual([{ name: "y" }]);
  });

  it("writes strings of BYTES tensors in JSON", () => {
    const texts = ["naïve", ""].map((text) => Buffer.from(text));
    const data = Buffer.concat(texts.flatMap((text) => [Buffer.from(Uint32Array.of(text.length).buffer), text]));
    const [request] = prepareMix([[{ name: "t", datatype: "BYTES", shape: [1, 2], data }]], "json").requests;
    expect(JSON.parse(Buffer.from(request?.body ?? []).toString()).inputs[0].data).toEqual(["naïve", ""]);
  });

  it("refuses what JSON cannot carry", () => {
    const half: Tensor = { name: "h", datatype: "FP16", shape: [1, 1], data: new Uint8Array(2) };
    const lost: Tensor = { ...image, data: bytesOf(Float32Array.of(Number.NaN)) };
    expect(() => prepareMix([[half]], "json")).toThrow(/FP16.*binary/);
    expect(() => prepareMix([[lost]], "json")).toThrow(/NaN.*binary/);
    expect(() => prepareMix([], "json")).toThrow(/at least one/);
  });
});

describe("mix files", () => {
  const mix = prepareMix([[ids], [image]], "binary");

  it("come back as they were written", () => {
    const decoded = decodeMix(encodeMix(mix));
    expect(decoded.requests.map(({ headers, body }) => ({ headers, body: Buffer.from(body) }))).toEqual(
      mix.requests.map(({ headers, body }) => ({ headers, body: Buffer.from(body) })),
    );
  });

  it("are refused at every length but the right one", () => {
    const file = encodeMix(mix);
    for (let size = 0; size < file.byteLength; size += 7) {
      expect(() => decodeMix(file.subarray(0, size)), `${size} bytes`).toThrow(DocumentError);
    }
    expect(() => decodeMix(Buffer.concat([file, Buffer.alloc(1)]))).toThrow(DocumentError);
  });

  it("are refused when they are something else", () => {
    const stranger = Buffer.concat([Buffer.from(Uint32Array.of(5).buffer), Buffer.from("hello world")]);
    expect(() => decodeMix(stranger)).toThrow(/index is not JSON/);
  });
});
