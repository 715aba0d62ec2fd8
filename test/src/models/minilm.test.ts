import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passages } from "./english-text.ts";
import { minilmLongestInput, minilmModel, minilmTensors, minilmTokenizer } from "./minilm.ts";

const tokenizer = new Tokenizer(JSON.parse(readFileSync(minilmTokenizer(), "utf8")), {});
const idsOf = (text: string): number[] => tokenizer.encode(text).ids;

describe("the tokenizer of MiniLM", () => {
  // Expected ids are those of bert-base-uncased.
  it.each([
    ["hello world", [101, 7592, 2088, 102]],
    ["Hello, World!", [101, 7592, 1010, 2088, 999, 102]],
    ["", [101, 102]],
    ["embeddings", [101, 7861, 8270, 4667, 2015, 102]],
    ["[x]", [101, 1031, 1060, 1033, 102]],
    ["Café", [101, 7668, 102]],
  ])("turns %j into the ids of bert-base-uncased", (text, ids) => {
    expect(idsOf(text)).toEqual(ids);
  });

  it("marks what it does not know", () => {
    expect(idsOf("\u{1F980}")).toEqual([101, 100, 102]);
  });

  it("has one id for each of the model's 30,522 embeddings", () => {
    expect(tokenizer.get_vocab().size).toBe(30_522);
  });
});

const model = minilmModel();

describe.skipIf(model === null)("the sentence encoder (skipped without the model from set-up)", () => {
  let session: InferenceSession;

  beforeAll(async () => {
    session = await InferenceSession.create(model as string, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  });

  afterAll(() => session.release());

  async function embed(text: string): Promise<number[]> {
    const ids = idsOf(text);
    const tensor = (values: number[]) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, ids.length]);
    const answer = await session.run(
      { [minilmTensors.ids]: tensor(ids), [minilmTensors.mask]: tensor(ids.map(() => 1)) },
      [minilmTensors.embedding],
    );
    return Array.from(answer[minilmTensors.embedding]?.data as Float32Array);
  }

  async function similarity(first: string, second: string): Promise<number> {
    const [a, b] = [await embed(first), await embed(second)];
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  it("puts paraphrases closer together than unrelated sentences", async () => {
    const sentence = "The server stops accepting new connections.";
    const paraphrase = await similarity(sentence, "New connections are no longer accepted by the server.");
    const unrelated = await similarity(sentence, "My grandmother bakes bread with walnuts.");
    expect(paraphrase).toBeGreaterThan(0.7);
    expect(unrelated).toBeLessThan(0.3);
  });

  it("takes every passage of the samples", async () => {
    const longest = passages(2000, 1).reduce((a, b) => (b.length > a.length ? b : a));
    expect(idsOf(longest).length).toBeGreaterThan(200);
    expect(await embed(longest)).toHaveLength(384);
  });

  it("has no position for more tokens than its longest input", async () => {
    const words = (count: number) => "one ".repeat(count - 2);
    expect(await embed(words(minilmLongestInput))).toHaveLength(384);
    await expect(embed(words(minilmLongestInput + 1))).rejects.toThrow(/expand shape/);
  });
});
