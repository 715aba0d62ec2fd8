import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelSignature, TensorSpec } from "@sweetspot/sidecar";
import { minilmTokenizer } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSamples } from "./load-samples.ts";
import { SamplesError } from "./sample.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "samples-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const spec = (name: string, datatype: TensorSpec["datatype"], shape: number[]): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => null),
});
const encoder = (names: string[], length = -1): ModelSignature => ({
  inputs: names.map((name) => spec(name, "INT64", [-1, length])),
  outputs: [spec("y", "FP32", [-1, 4])],
  batchable: true,
  variableAxis: length === -1 ? names.map((name) => ({ name, axis: 1 })) : null,
  inputBounds: [{ name: "input_ids", minimum: 0, maximum: 30_521 }],
});
const texts = encoder(["input_ids", "attention_mask", "token_type_ids"]);
const pictures: ModelSignature = {
  inputs: [spec("x", "FP32", [-1, 2, -1])],
  outputs: [spec("y", "FP32", [-1, 4])],
  batchable: true,
  variableAxis: [{ name: "x", axis: 2 }],
  inputBounds: [],
};

const request = (shape: number[], data: number[], extra: object = {}, datatype = "FP32"): string =>
  `${JSON.stringify({ inputs: [{ name: "x", datatype, shape, data }], ...extra })}\n`;
const floats = (data: Uint8Array): number[] => Array.from(new Float32Array(new Uint8Array(data).buffer));
const longs = (data: Uint8Array): number[] => Array.from(new BigInt64Array(new Uint8Array(data).buffer), Number);

describe("samples of JSON lines", () => {
  it("are read with their lengths and labels; blank lines do not count", async () => {
    const content = `${request([1, 2, 1], [1, 2], { label: 3 })}\n${request([1, 2, 2], [1, 2, 3, 4], { label: "cat" })}`;
    const set = await loadSamples(await file("a.jsonl", content), pictures);
    expect(set.samples.map(({ length, label }) => [length, label])).toEqual([
      [1, 3],
      [2, "cat"],
    ]);
    expect(set).toMatchObject({ source: "Samples", labelled: true });
  });

  it("of several rows become several samples, each with its label", async () => {
    const content = request([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8], { label: [0, 1] });
    const { samples } = await loadSamples(await file("rows.jsonl", content), pictures);
    expect(samples.map(({ inputs, label }) => [inputs[0]?.shape, floats(inputs[0]!.data), label])).toEqual([
      [[1, 2, 2], [1, 2, 3, 4], 0],
      [[1, 2, 2], [5, 6, 7, 8], 1],
    ]);
  });

  it("have a digest of their values, shapes and labels", async () => {
    const contents = [
      request([1, 2, 1], [1, 2]),
      request([1, 2, 1], [1, 3]),
      request([1, 2, 1], [1, 2], { label: 1 }),
      ` ${request([1, 2, 1], [1, 2])}`,
    ];
    const sets = [];
    for (const [index, content] of contents.entries()) {
      sets.push(await loadSamples(await file(`d${index}.jsonl`, content), pictures));
    }
    const digests = sets.map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(3);
    expect(digests[3]).toBe(digests[0]);
    expect(sets.map(({ labelled }) => labelled)).toEqual([false, false, true, false]);
  });

  it.each([
    ["no JSON", "{]\n", /line 2: .*not valid JSON/],
    ["another name", request([1, 2, 1], [1, 2]).replace('"x"', '"z"'), /line 2: .*no input 'z'; it has 'x'/],
    ["another datatype", request([1, 2, 1], [1, 2], {}, "INT64"), /line 2: .*INT64; the model takes FP32/],
    ["another shape", request([1, 3, 1], [1, 2, 3]), /line 2: .*\[1, 3, 1\]; the model takes \[-1, 2, -1\]/],
    ["too few values", request([1, 2, 2], [1, 2]), /line 2: .*holds 2 elements/],
    ["one label for two rows", request([2, 2, 1], [1, 2, 3, 4], { label: 1 }), /line 2: .*list of 2/],
    ["a label of another kind", request([1, 2, 1], [1, 2], { label: { id: 1 } }), /line 2: .*class index or a text/],
  ])("with %s are refused with the line", async (_, line, message) => {
    const path = await file("bad.jsonl", request([1, 2, 1], [1, 2]) + line);
    await expect(loadSamples(path, pictures)).rejects.toThrow(message);
    await expect(loadSamples(path, pictures)).rejects.toThrow(SamplesError);
  });

  it("outside the bounds of an embedding table are refused", async () => {
    const ids = (value: number) =>
      JSON.stringify({ inputs: [{ name: "input_ids", datatype: "INT64", shape: [1, 1], data: [value] }] });
    const signature = encoder(["input_ids"]);
    await expect(loadSamples(await file("ids.jsonl", ids(30_522)), signature)).rejects.toThrow(/line 1: .*0 to 30521/);
    expect((await loadSamples(await file("ids.jsonl", ids(30_521)), signature)).samples).toHaveLength(1);
  });
});

describe("samples of text", () => {
  const load = async (content: string, signature = texts) =>
    loadSamples(await file("t.txt", content), signature, { tokenizer: minilmTokenizer() });

  it("become token ids, mask and segments", async () => {
    const { samples } = await load("\uFEFFhello world\r\n\nembeddings\n");
    expect(samples.map(({ length }) => length)).toEqual([4, 6]);
    expect(samples[0]?.inputs.map(({ name, shape, data }) => [name, shape, longs(data)])).toEqual([
      ["input_ids", [1, 4], [101, 7592, 2088, 102]],
      ["attention_mask", [1, 4], [1, 1, 1, 1]],
      ["token_type_ids", [1, 4], [0, 0, 0, 0]],
    ]);
  });

  it("are cut at the model's positions, and still end with the closing token", async () => {
    const signature = { ...texts, inputBounds: [{ name: "position_ids", minimum: 0, maximum: 15 }] };
    const { samples } = await load("one ".repeat(100), signature);
    expect(samples[0]?.length).toBe(16);
    expect(longs(samples[0]!.inputs[0]!.data).at(-1)).toBe(102);
  });

  it("are filled up for a model of one length only", async () => {
    const { samples } = await load("hello world\n", encoder(["input_ids", "attention_mask"], 6));
    expect(samples[0]?.inputs.map(({ data }) => longs(data))).toEqual([
      [101, 7592, 2088, 102, 0, 0],
      [1, 1, 1, 1, 0, 0],
    ]);
    expect(samples[0]?.length).toBe(1);
  });

  it("fill 32-bit inputs, too", async () => {
    const signature = { ...texts, inputs: texts.inputs.map((input) => ({ ...input, datatype: "INT32" as const })) };
    const { samples } = await load("hello\n", signature);
    expect(samples[0]?.inputs[0]?.data).toEqual(new Uint8Array(Int32Array.of(101, 7592, 102).buffer));
  });

  it("of another model's tokenizer are refused with the line", async () => {
    const small = { ...texts, inputBounds: [{ name: "input_ids", minimum: 0, maximum: 7000 }] };
    await expect(load("the\nembeddings\n", small)).rejects.toThrow(/line 2: .*0 to 7000; give the tokenizer of this/);
  });

  it("cannot fill an input that is no text", async () => {
    await expect(load("hello\n", pictures)).rejects.toThrow(/input 'x': give the samples as .jsonl/);
  });
});

describe("a file of samples", () => {
  it.each([
    ["none.jsonl", null, /no such file/],
    ["empty.jsonl", "\n \n", /holds no samples/],
    ["a.csv", "1,2\n", /\.jsonl or \.txt, not from a\.csv/],
    ["a.txt", "hello\n", /need the model's tokenizer\.json/],
  ])("%s is refused", async (name, content, message) => {
    const path = content === null ? join(folder, name) : await file(name, content);
    await expect(loadSamples(path, texts)).rejects.toThrow(message);
  });

  it.each(["not json", '{"model": {"type": "none"}}'])("is refused with the tokenizer %j", async (content) => {
    const tokenizer = await file("tokenizer.json", content);
    await expect(loadSamples(await file("t.txt", "hello\n"), texts, { tokenizer })).rejects.toThrow(SamplesError);
  });
});
