import { pino } from "pino";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ModelSignature } from "../model/signature.ts";
import type { ApiError } from "../protocol/errors.ts";
import { Pipeline } from "./pipeline.ts";
import { embeddingPipeline, writeTokenizer } from "./testing/pipelines.ts";
import type { PreparedRow } from "./text-rows.ts";

const integers = { datatype: "INT64", shape: [-1, -1], symbols: ["batch", "sequence"] } as const;
const signature: ModelSignature = {
  inputs: [
    { name: "ids", ...integers },
    { name: "mask", ...integers },
  ],
  outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, 4], symbols: ["batch", null] }],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
};
const log = pino({ level: "silent" });
let tokenizer: string;
let pipeline: Pipeline;

beforeAll(async () => {
  tokenizer = await writeTokenizer();
});
afterEach(() => pipeline?.close());

const open = async (ofModel = signature) => {
  pipeline = await Pipeline.open(embeddingPipeline(tokenizer), ofModel, log);
};
const limits = { maximumItems: 4, maximumBytes: 1000, isOver: () => false };
const longsOf = (row: PreparedRow | undefined) =>
  row?.inputs.map(({ data }) => [...new BigInt64Array(data.buffer as ArrayBuffer)].map(Number));
const codeOf = (answer: Promise<unknown>) => answer.catch((error: ApiError) => error.code);

describe("a text pipeline", () => {
  it("fills the model's inputs in the order of its signature", async () => {
    await open();
    const [first, second] = await pipeline.prepare(
      ["red", { ids: Int32Array.of(6, 5), typeIds: null }],
      limits,
      (rows) => rows,
    );
    expect(longsOf(first)).toEqual([
      [1, 4, 2],
      [1, 1, 1],
    ]);
    expect(longsOf(second)).toEqual([
      [6, 5],
      [1, 1],
    ]);
    expect([first?.tokens, second?.tokens, first?.inputs[0]?.shape]).toEqual([3, 2, [1, 3]]);
  });

  it("fills up for a model that takes one length only", async () => {
    const inputs = signature.inputs.map((input) => ({ ...input, shape: [-1, 8] }));
    await open({ ...signature, inputs });
    const [row] = await pipeline.prepare(["red"], limits, (rows) => rows);
    expect(longsOf(row)).toEqual([
      [1, 4, 2, 0, 0, 0, 0, 0],
      [1, 1, 1, 0, 0, 0, 0, 0],
    ]);
    expect(row?.tokens).toBe(3);
  });

  it("refuses what is too much to wait, but never what comes alone", async () => {
    await open();
    const alone = pipeline.prepare(Array(5).fill("red"), limits, (rows) => rows.length);
    expect(await codeOf(pipeline.prepare(["red"], limits, (rows) => rows.length))).toBe("QueueFull");
    expect(await alone).toBe(5);
    expect(await pipeline.prepare(["red"], limits, (rows) => rows.length)).toBe(1);
  });

  it("stops when everything that it has taken is submitted, and takes nothing more", async () => {
    await open();
    const order: string[] = [];
    const under = pipeline.prepare(["red", "green"], limits, () => order.push("submitted"));
    const stopped = pipeline.stop().then(() => order.push("stopped"));
    expect(await codeOf(pipeline.prepare(["red"], limits, (rows) => rows))).toBe("ShuttingDown");
    await Promise.all([under, stopped]);
    expect(order).toEqual(["submitted", "stopped"]);
  });

  it("hands on what submitting throws", async () => {
    await open();
    const refused = pipeline.prepare(["red"], limits, () => {
      throw new Error("no room");
    });
    await expect(refused).rejects.toThrow("no room");
    await pipeline.stop();
  });
});

describe("a text pipeline that does not fit its model", () => {
  const [ids, mask] = signature.inputs;

  it.each([
    ["an input that nothing fills", [ids, mask, { name: "more", ...integers }], "does not fill the input more"],
    ["an input that is not there", [ids], "unknown input mask"],
    ["an input of another type", [{ ...ids, datatype: "FP32" }, mask], "cannot fill the input ids"],
    [
      "fewer tokens than the plan permits",
      [ids, mask].map((input) => ({ ...input, shape: [-1, 4] })),
      "takes 4 tokens",
    ],
  ])("is refused for %s", async (_, inputs, message) => {
    await expect(open({ ...signature, inputs: inputs as ModelSignature["inputs"] })).rejects.toThrow(message);
  });

  it("is refused for a vocabulary that is larger than the model's", async () => {
    const inputBounds = [{ name: "ids", minimum: 0, maximum: 5 }];
    await expect(open({ ...signature, inputBounds })).rejects.toThrow(
      "gives ids up to 6, but the model takes at most 5",
    );
  });
});
