import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Tokenizer } from "@huggingface/tokenizers";
import type { Tensor } from "@sweetspot/sidecar";
import { DirectModel, minilmModel, minilmTensors, minilmTokenizer } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "./cli-process.ts";
import { ServedModel } from "./served-model.ts";

const python = fileURLToPath(new URL("../../../.cache/clients/bin/python", import.meta.url));
const script = fileURLToPath(new URL("./openai_client_check.py", import.meta.url));
const minilm = minilmModel();
const tolerance = 1e-4;

const texts = [
  "The server stops accepting new connections.",
  "Bread with walnuts.",
  "Ein Satz mit Umlauten: größer, schöner!",
  "A longer passage follows here, so that rows of different lengths meet in one batch of the engine.",
];

interface Refusal {
  readonly class: string;
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

interface Answer {
  readonly text: number[][];
  readonly texts: number[][];
  readonly tokens: number[][];
  readonly tokenLists: number[][];
  readonly floats: number[][];
  readonly usage: readonly number[];
  readonly otherModel: Refusal | null;
  readonly emptyText: Refusal | null;
  readonly dimensions: Refusal | null;
}

const row = (name: string, values: readonly number[]): Tensor => ({
  name,
  datatype: "INT64",
  shape: [1, values.length],
  data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** What the encoder says of each list of tokens when nobody is between: scaled to the length 1. */
async function directly(tokens: readonly (readonly number[])[]): Promise<number[][]> {
  const model = await DirectModel.load(minilm as string);
  const vectors: number[][] = [];
  for (const ids of tokens) {
    const inputs = [
      row(minilmTensors.ids, ids),
      row(
        minilmTensors.mask,
        ids.map(() => 1),
      ),
    ];
    const vector = Array.from(await model.run(inputs, minilmTensors.embedding));
    const length = Math.hypot(...vector);
    vectors.push(vector.map((value) => value / length));
  }
  return vectors;
}

function expectClose(actual: readonly number[][], expected: readonly number[][]): void {
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const differences = actual.flatMap((vector, i) =>
    vector.map((value, j) => Math.abs(value - (expected[i]?.[j] ?? 9))),
  );
  expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
}

describe.skipIf(!existsSync(python) || minilm === null)(
  "OpenAI's own Python client, unmodified (skipped without the clients' environment and the model from npm run setup)",
  { timeout: 120_000 },
  () => {
    let workplace: Workplace;
    beforeAll(async () => {
      workplace = await Workplace.open();
    });
    afterAll(() => workplace.close());

    it("gets the embeddings of texts and of token ids, and errors that it understands", async () => {
      const words = ["--model", minilm as string, "--name", "minilm", "--tokenizer", minilmTokenizer()];
      const server = await ServedModel.start(workplace, ...words, "--embedding-output", minilmTensors.embedding);
      const tokenizer = new Tokenizer(JSON.parse(readFileSync(minilmTokenizer(), "utf8")), {});
      const tokens = texts.map((text) => tokenizer.encode(text).ids);
      const question = JSON.stringify({ model: server.model, texts, tokens });
      const { stdout } = await promisify(execFile)(python, ["-E", "-s", "-B", script, server.url, question]);
      const answer: Answer = JSON.parse(stdout);
      const expected = await directly(tokens);
      for (const vectors of [answer.texts, answer.tokenLists, answer.floats]) expectClose(vectors, expected);
      for (const vectors of [answer.text, answer.tokens]) expectClose(vectors, expected.slice(0, 1));
      const count = tokens.flat().length;
      expect(answer.usage).toEqual([count, count]);
      const type = "invalid_request_error";
      const notFound = { class: "NotFoundError", status: 404, type, param: "model", code: "model_not_found" };
      expect(answer.otherModel).toEqual(notFound);
      expect(answer.emptyText).toEqual({ class: "BadRequestError", status: 400, type, param: "input", code: null });
      expect(answer.dimensions).toMatchObject({ status: 400, param: "dimensions" });
      server.command.signal("SIGTERM");
      expect(await server.command.exited).toBe(0);
    });

    it("leaves no process behind", async () => {
      expect(await workplace.remainingProcesses()).toEqual([]);
    });
  },
);
