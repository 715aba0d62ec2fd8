import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { minilmModel, minilmTensors } from "../../../test/src/models/minilm.ts";
import { describeModel } from "../model/describe-model.ts";
import { probeParity } from "../model/parity-probe.ts";
import type { Tensor } from "../tensor.ts";
import { cTranslate2 } from "./ctranslate2-engine.ts";
import type { EnginePool } from "./engine.ts";
import { floatsOf, int64Rows, StartedPools } from "./engine-fixtures.ts";
import { engineCommand, findEngine } from "./python-engine.ts";

const limit = 60_000;
const installed = (await findEngine(cTranslate2)) !== null;
const minilm = minilmModel();
const pools = new StartedPools();
afterAll(() => pools.close());

/** Rows of token ids, 0 where a row has ended. */
function batch(rows: number, words: readonly number[]): Tensor[] {
  const mask = words.map((id) => (id === 0 ? 0 : 1));
  return [int64Rows(minilmTensors.ids, rows, words), int64Rows(minilmTensors.mask, rows, mask)];
}

const words = [101, 2023, 2003, 1037, 3231, 102, 0, 0, 101, 7592, 2088, 999, 2748, 2053, 2672, 102];
const { embedding } = minilmTensors;

const embeddingsOf = async (pool: EnginePool, inputs: readonly Tensor[]) =>
  floatsOf((await pool.run(inputs, [embedding], limit)).outputs[0]);

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe.skipIf(!installed || minilm === null)("the CTranslate2 engine", { timeout: 60_000 }, () => {
  const model = minilm as string;
  let ours: EnginePool;
  beforeAll(async () => {
    ours = await pools.start("CTranslate2", model);
  });

  it("answers as ONNX Runtime does for a sentence encoder, padded rows included, and in 8 bits nearly so", async () => {
    const [reference, eight] = await Promise.all([
      pools.start("OnnxRuntime", model),
      pools.start("CTranslate2", model, { compute_type: "int8" }),
    ]);
    for (const inputs of [batch(1, words.slice(0, 6)), batch(2, words)]) {
      const [found, expected] = [await embeddingsOf(ours, inputs), await embeddingsOf(reference, inputs)];
      expect(expected.length).toBe(384 * (inputs[0]?.shape[0] ?? 0));
      expect(found.length).toBe(expected.length);
      const largest = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));
      expect(largest).toBeLessThan(1e-4);
    }
    const [found, expected] = [await embeddingsOf(eight, batch(2, words)), await embeddingsOf(ours, batch(2, words))];
    expect(found).not.toEqual(expected);
    expect(cosine(found, expected)).toBeGreaterThan(0.95);
    expect(eight.status()[0]).toMatchObject({ restarts: 0, version: expect.stringMatching(/^CTranslate2 \d/) });
  });

  it("may pad: a row has the same answer beside a longer one", async () => {
    const { padded, padding } = await probeParity(ours, await describeModel(model), [embedding]);
    expect(padded).toBeLessThan(1e-4);
    expect(padding).not.toBeNull();
  });

  it("refuses a batch that it would compute wrongly, and lives", async () => {
    const [tokens] = batch(1, words.slice(0, 6)) as [Tensor];
    const holes = int64Rows(minilmTensors.mask, 1, [1, 0, 1, 1, 1, 1]);
    await expect(ours.run([tokens, holes], [embedding], limit)).rejects.toMatchObject({ kind: "Rejected" });
    await expect(ours.run(batch(1, [99_999]), [embedding], limit)).rejects.toMatchObject({ kind: "Rejected" });
    expect(await embeddingsOf(ours, batch(1, words.slice(0, 6)))).toHaveLength(384);
    expect(ours.status()[0]).toMatchObject({ restarts: 0 });
  });
});

describe.skipIf(!installed)("the CTranslate2 engine with other models", { timeout: 60_000 }, () => {
  it("refuses what is no BERT encoder, with the reason", async () => {
    await expect(pools.start("CTranslate2", await writeOnnx(embeddingModel()))).rejects.toMatchObject({
      kind: "Rejected",
      message: expect.stringMatching(/not a BERT encoder: /),
    });
  });
});

describe("CTranslate2 on a machine that lacks it", () => {
  it("is not found, and a plan with it is refused with what to do", async () => {
    expect(await findEngine(cTranslate2, { SWEETSPOT_PYTHON: "/nowhere/python" })).toBeNull();
    const nowhere = { ...cTranslate2, probe: "import no_such_module" };
    await expect(engineCommand(nowhere)).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringMatching(/CTranslate2 is not installed: run `npm run setup`/),
    });
  });

  it("takes no options but its own", async () => {
    await expect(pools.start("CTranslate2", "/nowhere.onnx", { compute_type: "float16" })).rejects.toMatchObject({
      kind: "Rejected",
      message: expect.stringMatching(/float32, int8, int8_float32/),
    });
  });
});
