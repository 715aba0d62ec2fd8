import type { ServingPlan } from "@sweetspot/crds";
import { pino } from "pino";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { elementwiseModel, embeddingModel, onnxModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { PlanError } from "../plan/plan-error.ts";
import { safePlan } from "../plan/safe-plan.ts";
import { type Sidecar, startSidecar } from "../sidecar.ts";
import { embeddingPipeline, imagePlan, writeTokenizer } from "./testing/pipelines.ts";

/** Whole servers with real engines, threads and small models. */

const target = { percentile: "P99", latencyMilliseconds: 2000 } as const;
const running: Sidecar[] = [];
let tokenizer: string;
/** For all tests that need nothing special. */
let encoder: Sidecar;

beforeAll(async () => {
  tokenizer = await writeTokenizer();
  encoder = await serve(await encoderPlan());
  running.length = 0;
});
afterAll(() => encoder.close());
afterEach(async () => {
  await Promise.all(running.splice(0).map((sidecar) => sidecar.close()));
});

const batching = { former: "CostTable", maximumRows: 16, maximumBatchMicroseconds: 1_000_000 } as const;
const noWait = { holdMicroseconds: 0, windowRequests: 256, inFlightPerInstance: 2 } as const;
const padding = {
  inputs: ["ids", "mask"].map((name) => ({ name, axis: 1, value: 0 })),
  outputs: [{ name: "hidden", axis: 1 }],
  tolerance: 1e-5,
};

async function encoderPlan(change: Partial<ServingPlan> = {}): Promise<ServingPlan> {
  const plan = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
  return { ...plan, batching: { ...batching, ...noWait }, padding, pipeline: embeddingPipeline(tokenizer), ...change };
}

async function serve(plan: ServingPlan): Promise<Sidecar> {
  const options = { host: "127.0.0.1", httpPort: 0, metricsPort: 0, log: pino({ level: "silent" }) };
  const sidecar = await startSidecar({ plan, ...options });
  running.push(sidecar);
  return sidecar;
}

async function post({ httpPort }: Sidecar, path: string, body: unknown) {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, init);
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of many forms
  return { status: response.status, body: (await response.json()) as any };
}

const embed = (sidecar: Sidecar, input: unknown, more: object = {}) =>
  post(sidecar, "/v1/embeddings", { model: "encoder", input, ...more });
const infer = (sidecar: Sidecar, model: string, inputs: unknown[], more: object = {}) =>
  post(sidecar, `/v2/models/${model}/infer`, { inputs, ...more });
const texts = (...data: string[]) => ({ name: "text", datatype: "BYTES", shape: [data.length], data });

/** The builder's model adds up rows of its table; ids are those of the word tokenizer, with its special tokens. */
const value = (index: number) => ((index * 7) % 13) + 1;
const vectorOf = (ids: readonly number[]) =>
  [0, 1, 2, 3].map((column) => ids.reduce((sum, id) => sum + value(id * 4 + column), 0));
const vectorsOf = (body: { data: { embedding: number[] }[] }) => body.data.map(({ embedding }) => embedding);

describe("POST /v1/embeddings", () => {
  it("answers a text, a list of texts, token ids and lists of token ids, in order", async () => {
    const one = await embed(encoder, "red blue");
    expect(one).toEqual({
      status: 200,
      body: {
        object: "list",
        data: [{ object: "embedding", index: 0, embedding: vectorOf([1, 4, 6, 2]) }],
        model: "encoder",
        usage: { prompt_tokens: 4, total_tokens: 4 },
      },
    });
    const many = await embed(encoder, ["red", "blue green red", "what"]);
    expect(vectorsOf(many.body)).toEqual(
      [
        [1, 4, 2],
        [1, 6, 5, 4, 2],
        [1, 3, 2],
      ].map(vectorOf),
    );
    expect(many.body.data.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    expect(many.body.usage.total_tokens).toBe(11);
    // Token ids are taken as they are: nothing is put around them.
    expect(vectorsOf((await embed(encoder, [4, 5])).body)).toEqual([vectorOf([4, 5])]);
    expect(vectorsOf((await embed(encoder, [[4], [15, 0]])).body)).toEqual([[4], [15, 0]].map(vectorOf));
  });

  it("answers in base64 where that is asked for", async () => {
    const { body } = await embed(encoder, "red", { encoding_format: "base64" });
    const bytes = Buffer.from(body.data[0].embedding, "base64");
    expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual(vectorOf([1, 4, 2]));
  });

  it("cuts texts that are too long, or refuses them, as the plan says", async () => {
    const long = Array(20).fill("red").join(" ");
    expect((await embed(encoder, long)).body.usage.total_tokens).toBe(8);
    expect(vectorsOf((await embed(encoder, long)).body)).toEqual([vectorOf([1, 4, 4, 4, 4, 4, 4, 2])]);
    const refusing = await serve(
      await encoderPlan({ pipeline: embeddingPipeline(tokenizer, { truncation: "Refuse" }) }),
    );
    const { status, body } = await embed(refusing, ["red", long]);
    expect(status).toBe(400);
    expect(body.error).toEqual({
      message: "Text 1 has 22 tokens; send at most 8 in one text.",
      type: "invalid_request_error",
      param: "input",
      code: "context_length_exceeded",
    });
    expect((await embed(refusing, [Array(9).fill(4)])).status).toBe(400);
    expect((await embed(refusing, "r".repeat(101))).body.error.message).toMatch(/^Text 0 has 101 characters; /);
  });

  it.each([
    ["no body", undefined, null],
    ["no input", { model: "encoder" }, "input"],
    ["an empty text", { model: "encoder", input: "" }, "input"],
    ["an empty list", { model: "encoder", input: [] }, "input"],
    ["an empty text in a list", { model: "encoder", input: ["red", ""] }, "input"],
    ["an empty list of tokens", { model: "encoder", input: [[]] }, "input"],
    ["texts mixed with tokens", { model: "encoder", input: ["red", [4]] }, "input"],
    ["a fraction as a token", { model: "encoder", input: [1.5] }, "input"],
    ["a negative token", { model: "encoder", input: [-1] }, "input"],
    ["a token outside of the vocabulary", { model: "encoder", input: [16] }, "input"],
    ["no model", { input: "red" }, "model"],
    ["another encoding", { model: "encoder", input: "red", encoding_format: "hex" }, "encoding_format"],
    ["other dimensions", { model: "encoder", input: "red", dimensions: 3 }, "dimensions"],
    ["no number of dimensions", { model: "encoder", input: "red", dimensions: "4" }, "dimensions"],
  ])("refuses %s with OpenAI's error object", async (_, body, param) => {
    const answer = await post(encoder, "/v1/embeddings", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: { message: expect.stringMatching(/^.{10,}\.$/), type: "invalid_request_error", param, code: null },
    });
  });

  it("takes the dimensions that the model has", async () => {
    expect((await embed(encoder, "red", { dimensions: 4, user: "somebody" })).status).toBe(200);
  });

  it("knows no other model, no other method, and no embeddings without a text pipeline", async () => {
    const other = await post(encoder, "/v1/embeddings", { model: "other", input: "red" });
    expect([other.status, other.body.error.code, other.body.error.param]).toEqual([404, "model_not_found", "model"]);
    const response = await fetch(`http://127.0.0.1:${encoder.httpPort}/v1/embeddings`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    const { pipeline: _pipeline, ...bare } = await encoderPlan();
    const plain = await embed(await serve(bare), "red");
    expect([plain.status, plain.body.error.type]).toEqual([404, "invalid_request_error"]);
  });

  it("refuses more texts than may ever wait", async () => {
    const admission = { maximumQueuedRows: 3, maximumQueuedBytes: 1e6, refuseLate: false };
    const sidecar = await serve(await encoderPlan({ admission }));
    expect((await embed(sidecar, ["red", "red", "red"])).status).toBe(200);
    const { status, body } = await embed(sidecar, ["red", "red", "red", "red"]);
    expect([status, body.error.param]).toEqual([413, "input"]);
  });
});

describe("texts over the Open Inference Protocol", () => {
  it("are what the metadata shows, and are answered like embeddings", async () => {
    const metadata = await (await fetch(`http://127.0.0.1:${encoder.httpPort}/v2/models/encoder`)).json();
    expect(metadata).toMatchObject({
      inputs: [{ name: "text", datatype: "BYTES", shape: [-1] }],
      outputs: [{ name: "vector", datatype: "FP32", shape: [-1, 4] }],
    });
    const { status, body } = await infer(encoder, "encoder", [texts("red", "green blue")], { id: "7" });
    expect(status).toBe(200);
    expect(body.id).toBe("7");
    const data = [...vectorOf([1, 4, 2]), ...vectorOf([1, 5, 6, 2])];
    expect(body.outputs).toEqual([{ name: "vector", datatype: "FP32", shape: [2, 4], data }]);
  });

  it("leave tensors as they were", async () => {
    const tensor = (name: string, data: number[]) => ({ name, datatype: "INT64", shape: [1, data.length], data });
    const { body } = await infer(encoder, "encoder", [tensor("ids", [4, 5]), tensor("mask", [1, 1])]);
    expect(body.outputs.map(({ name }: { name: string }) => name)).toEqual(["hidden", "embedding"]);
    expect(body.outputs[1].data).toEqual(vectorOf([4, 5]));
  });

  it("come with the model's own outputs where nothing is made of them, and rows must then be equal", async () => {
    const { embedding: _, ...pipeline } = embeddingPipeline(tokenizer);
    const sidecar = await serve(await encoderPlan({ pipeline }));
    const alone = await infer(sidecar, "encoder", [texts("red")]);
    expect(alone.body.outputs[0]).toMatchObject({ name: "hidden", shape: [1, 3, 4] });
    const uneven = await infer(sidecar, "encoder", [texts("red", "red green")]);
    expect([uneven.status, uneven.body.error]).toEqual([400, expect.stringContaining("'hidden'")]);
    const chosen = { outputs: [{ name: "embedding" }] };
    const even = await infer(sidecar, "encoder", [texts("red", "red green")], chosen);
    expect(even.body.outputs[0].shape).toEqual([2, 4]);
  });

  it("are refused one request at a time where they are wrong", async () => {
    const wrong = { name: "text", datatype: "BYTES", shape: [2], data: ["red"] };
    const answers = await Promise.all([
      infer(encoder, "encoder", [texts("red")]),
      infer(encoder, "encoder", [wrong]),
      infer(encoder, "encoder", [{ ...wrong, name: "other" }]),
      infer(encoder, "encoder", [texts("x".repeat(101))]),
      infer(encoder, "encoder", [texts("blue")]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 400, 200]);
  });

  it("are counted, with the time of their stages", async () => {
    const sidecar = await serve(await encoderPlan());
    await embed(sidecar, ["red", "green"]);
    expect(sidecar.report().counts).toMatchObject({ total: 1, failed: 0 });
    const text = await (await fetch(`http://127.0.0.1:${sidecar.metricsPort}/metrics`)).text();
    for (const stage of ["preprocess", "engine", "postprocess"]) {
      expect(text).toContain(`sweetspot_stage_duration_seconds_count{stage="${stage}"} 1`);
    }
  });
});

describe("a change of the plan", () => {
  it("loses nothing that the old pipeline has taken", async () => {
    const sidecar = await serve(await encoderPlan());
    const asked = Array.from({ length: 60 }, (_, i) => embed(sidecar, i % 2 === 0 ? "red" : ["green", "blue"]));
    const { embedding } = embeddingPipeline(tokenizer);
    const pipeline = { ...embeddingPipeline(tokenizer), embedding: { ...embedding!, normalise: true } };
    await sidecar.applyPlan(await encoderPlan({ revision: "second", pipeline }));
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
    const [vector = []] = vectorsOf((await embed(sidecar, "red")).body);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  it("is refused where tokenizer, plan and model do not fit together", async () => {
    const small = await writeOnnx(embeddingModel({ vocabulary: 5 }));
    const plan = { ...(await safePlan(small, "encoder", target, 1)), pipeline: embeddingPipeline(tokenizer) };
    await expect(serve(plan)).rejects.toThrow(PlanError);
    const inputs = { ids: "ids", mask: "other" };
    const unknown = await encoderPlan({ pipeline: embeddingPipeline(tokenizer, { inputs }) });
    await expect(serve(unknown)).rejects.toThrow("its input pipeline does not fit the model");
    const missing = await encoderPlan({ pipeline: embeddingPipeline("/no/such/tokenizer.json") });
    await expect(serve(missing)).rejects.toThrow(PlanError);
  });
});

describe("images over the Open Inference Protocol", () => {
  const square = (grey: number) =>
    sharp({ create: { width: 8, height: 8, channels: 3, background: { r: grey, g: 0, b: 0 } } })
      .png()
      .toBuffer();
  const image = (bytes: Uint8Array[]) => {
    const parts = bytes.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      return [length, part];
    });
    return Buffer.concat(parts);
  };

  async function classifierPlan(): Promise<ServingPlan> {
    const input = { name: "x", type: "FP32", shape: ["batch", 3, 4, 4] } as const;
    const output = { name: "y", type: "FP32", shape: ["batch", 48] } as const;
    const nodes = [{ op: "Flatten", inputs: ["x"], outputs: ["y"] }];
    const file = await writeOnnx(onnxModel({ inputs: [input], outputs: [output], nodes }));
    const classification = { name: "classes", output: "y", topK: 1, softmax: false };
    const pipeline = { threads: 2, image: imagePlan(), classification };
    return { ...(await safePlan(file, "classifier", target, 1)), pipeline };
  }

  async function send({ httpPort }: Sidecar, images: Uint8Array[]) {
    const data = image(images);
    const parameters = { binary_data_size: data.length };
    const header = JSON.stringify({
      inputs: [{ name: "image", datatype: "BYTES", shape: [images.length], parameters }],
    });
    const response = await fetch(`http://127.0.0.1:${httpPort}/v2/models/classifier/infer`, {
      method: "POST",
      headers: { "inference-header-content-length": String(header.length) },
      body: Buffer.concat([Buffer.from(header), data]),
    });
    return { status: response.status, body: await response.json() };
  }

  it("become pixels, and the model's scores become classes", async () => {
    const sidecar = await serve(await classifierPlan());
    const { status, body } = await send(sidecar, [await square(200), await square(9)]);
    expect(status).toBe(200);
    const outputs = [{ name: "classes", datatype: "BYTES", shape: [2, 1], data: ["200.000000:0", "9.000000:0"] }];
    expect(body).toMatchObject({ outputs });
  });

  it("that are broken or too large fail alone", async () => {
    const sidecar = await serve(await classifierPlan());
    const large = await sharp({ create: { width: 200, height: 200, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const answers = await Promise.all([
      send(sidecar, [await square(1)]),
      send(sidecar, [Buffer.from("no image")]),
      send(sidecar, [large]),
      send(sidecar, [Buffer.alloc(100_001)]),
      send(sidecar, [await square(2)]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 413, 413, 200]);
    expect(JSON.stringify(answers[1]?.body)).toContain("Image 0 cannot be decoded");
  });

  it("are refused by a model that takes none", async () => {
    const plan = await safePlan(await writeOnnx(elementwiseModel()), "classifier", target, 1);
    await expect(serve({ ...plan, pipeline: { threads: 1, image: imagePlan() } })).rejects.toThrow(PlanError);
  });
});
