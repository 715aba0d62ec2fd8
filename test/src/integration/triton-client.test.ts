import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Tokenizer } from "@huggingface/tokenizers";
import type { Tensor } from "@sweetspot/sidecar";
import { DirectModel, minilmModel, minilmTensors, minilmTokenizer } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../builders/onnx-model.ts";
import { Workplace } from "./cli-process.ts";
import { ServedModel } from "./served-model.ts";

const python = fileURLToPath(new URL("../../../.cache/clients/bin/python", import.meta.url));
const script = fileURLToPath(new URL("./triton_client_check.py", import.meta.url));
const minilm = minilmModel();
const tolerance = 1e-4;

interface Input {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly data: readonly number[];
}

interface Question {
  readonly model: string;
  readonly output: string;
  readonly inputs: readonly Input[];
  readonly wrong: readonly Input[];
}

interface Output {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Answer {
  readonly live: boolean;
  readonly ready: boolean;
  readonly modelReady: boolean;
  readonly otherModelReady: boolean;
  readonly metadata: {
    readonly name: string;
    readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
    readonly outputs: readonly { readonly name: string }[];
  };
  readonly default: Output;
  readonly binary: Output;
  readonly json: Output;
  readonly compressed: readonly Output[];
  readonly config: { readonly name: string; readonly max_batch_size: number };
  readonly statistics: { readonly model_stats: readonly { readonly inference_count: number }[] };
  readonly refusal: { readonly status: string; readonly message: string } | null;
}

async function askWithTriton(server: ServedModel, question: Omit<Question, "model">): Promise<Answer> {
  const words = ["-E", "-s", "-B", script, new URL(server.url).host];
  const { stdout } = await promisify(execFile)(python, [
    ...words,
    JSON.stringify({ model: server.model, ...question }),
  ]);
  return JSON.parse(stdout);
}

const tensorOf = ({ name, shape, data }: Input): Tensor => ({
  name,
  datatype: "INT64",
  shape: [...shape],
  data: new Uint8Array(BigInt64Array.from(data, BigInt).buffer),
});

async function directly(file: string, { inputs, output }: Omit<Question, "model">): Promise<number[]> {
  const model = await DirectModel.load(file);
  return Array.from(await model.run(inputs.map(tensorOf), output));
}

function expectClose({ data }: Output, expected: readonly number[]): void {
  expect(data).toHaveLength(expected.length);
  const worst = Math.max(...data.map((value, index) => Math.abs(value - (expected[index] as number))));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe.skipIf(!existsSync(python))(
  "Triton's own Python client, unmodified (skipped without the clients' environment from npm run setup)",
  () => {
    let workplace: Workplace;
    beforeAll(async () => {
      workplace = await Workplace.open();
    });
    afterAll(() => workplace.close());

    async function expectServed(file: string, question: Omit<Question, "model">): Promise<Answer> {
      const server = await ServedModel.start(workplace, "--model", file);
      const answer = await askWithTriton(server, question);
      expect(answer).toMatchObject({ live: true, ready: true, modelReady: true, otherModelReady: false });
      expect(answer.metadata.name).toBe(server.model);
      const expected = await directly(file, question);
      const answers = [answer.default, answer.binary, answer.json, ...answer.compressed];
      for (const output of answers) expectClose(output, expected);
      expect(answer.config).toMatchObject({ name: server.model, max_batch_size: 1 });
      const rows = answers.length * (question.inputs[0]?.shape[0] ?? 0);
      expect(answer.statistics.model_stats).toMatchObject([{ name: server.model, inference_count: rows }]);
      server.command.signal("SIGTERM");
      expect(await server.command.exited).toBe(0);
      return answer;
    }

    it("finds, describes and calls a small model, in binary and in JSON", async () => {
      const ids: Input = { name: "ids", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
      const mask: Input = { name: "mask", shape: [2, 3], data: [1, 1, 1, 1, 1, 0] };
      const wrong = [ids, { ...mask, shape: [3, 2] as const }];
      const file = await writeOnnx(embeddingModel());
      const answer = await expectServed(file, { inputs: [ids, mask], output: "embedding", wrong });
      expect(answer.default.shape).toEqual([2, 4]);
      const [first] = answer.metadata.inputs;
      expect(first).toEqual({ name: "ids", datatype: "INT64", shape: [-1, -1] });
      expect(answer.metadata.outputs.map(({ name }) => name)).toEqual(["hidden", "embedding"]);
      expect(answer.refusal?.status).toBe("400");
      expect(answer.refusal?.message).toMatch(/^Inputs 'ids' and 'mask' differ .*; make them equal\.$/);
    });

    it.skipIf(minilm === null)(
      "calls the sentence encoder (skipped without the model from npm run setup)",
      async () => {
        const tokenizer = new Tokenizer(JSON.parse(readFileSync(minilmTokenizer(), "utf8")), {});
        const texts = ["The server stops accepting new connections.", "Bread with walnuts."];
        const tokens = texts.map((text) => tokenizer.encode(text).ids);
        const shape = [2, Math.max(...tokens.map(({ length }) => length))] as const;
        const filled = (fill: (id: number | undefined) => number) =>
          tokens.flatMap((ids) => Array.from({ length: shape[1] }, (_, index) => fill(ids[index])));
        const ids: Input = { name: minilmTensors.ids, shape, data: filled((id) => id ?? 0) };
        const mask: Input = { name: minilmTensors.mask, shape, data: filled((id) => (id === undefined ? 0 : 1)) };
        const flat = [1, 2 * shape[1]] as const;
        const answer = await expectServed(minilm as string, {
          inputs: [ids, mask],
          output: minilmTensors.embedding,
          wrong: [{ ...ids, shape: flat }],
        });
        expect(answer.default.shape).toEqual([2, 384]);
        expect(answer.refusal).toMatchObject({
          status: "400",
          message: expect.stringMatching(/'attention_mask' .*\.$/),
        });
      },
    );

    it("leaves no process behind", async () => {
      expect(await workplace.remainingProcesses()).toEqual([]);
    });
  },
);
