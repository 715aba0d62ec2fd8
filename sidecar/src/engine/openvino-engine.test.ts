import { afterAll, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { minilmModel, minilmTensors } from "../../../test/src/models/minilm.ts";
import type { Tensor } from "../tensor.ts";
import { floatsOf, int64Rows, ocrRecogniser, StartedPools, sentence } from "./engine-fixtures.ts";
import { openVino } from "./openvino-engine.ts";
import { engineCommand, findEngine } from "./python-engine.ts";

const limit = 60_000;
const tolerance = 1e-3;
const installed = (await findEngine(openVino)) !== null;
const minilm = minilmModel();
const pools = new StartedPools();
afterAll(() => pools.close());

/** Largest difference between the answers of both engines to the same batches. */
async function difference(file: string, output: string, batches: readonly (readonly Tensor[])[]): Promise<number> {
  const [ours, reference] = [await pools.start("OpenVino", file), await pools.start("OnnxRuntime", file)];
  let largest = 0;
  for (const batch of batches) {
    const [a, b] = await Promise.all([ours, reference].map((pool) => pool.run(batch, [output], limit)));
    expect(a?.outputs[0]?.shape).toEqual(b?.outputs[0]?.shape);
    const expected = floatsOf(b?.outputs[0]);
    expect(expected.length).toBeGreaterThan(0);
    floatsOf(a?.outputs[0]).forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - (expected[i] ?? Number.NaN)));
    });
  }
  return largest;
}

describe.skipIf(!installed)("the OpenVINO engine", { timeout: 60_000 }, () => {
  it.skipIf(minilm === null)("answers as ONNX Runtime does for a sentence encoder, padded rows included", async () => {
    const words = [101, 2023, 2003, 1037, 3231, 102, 0, 0, 101, 7592, 2088, 999, 2748, 2053, 2672, 102];
    const mask = words.map((id) => (id === 0 ? 0 : 1));
    const one = [
      int64Rows(minilmTensors.ids, 1, words.slice(0, 6)),
      int64Rows(minilmTensors.mask, 1, mask.slice(0, 6)),
    ];
    const two = [int64Rows(minilmTensors.ids, 2, words), int64Rows(minilmTensors.mask, 2, mask)];
    expect(await difference(minilm as string, minilmTensors.embedding, [one, two])).toBeLessThan(tolerance);
  });

  it("answers as ONNX Runtime does for a text recogniser", async () => {
    const image = (rows: number, width: number): Tensor => {
      const pixels = Float32Array.from({ length: rows * 3 * 48 * width }, (_, i) => Math.sin(i / 7));
      return { name: "x", datatype: "FP32", shape: [rows, 3, 48, width], data: new Uint8Array(pixels.buffer) };
    };
    const batches = [[image(1, 96)], [image(2, 64)]];
    expect(await difference(ocrRecogniser(), "softmax_11.tmp_0", batches)).toBeLessThan(tolerance);
  });

  it("refuses a batch that the model cannot compute, says who it is, and lives", async () => {
    const pool = await pools.start("OpenVino", await writeOnnx(embeddingModel({ width: 2 })));
    await expect(pool.run(sentence([0]), ["none"], limit)).rejects.toMatchObject({ kind: "Rejected" });
    const { outputs } = await pool.run(sentence([0, 3]), ["embedding", "hidden"], limit);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["embedding", [1, 2]],
      ["hidden", [1, 2, 2]],
    ]);
    expect(floatsOf(outputs[0])).toEqual([5, 19]);
    expect(pool.status()[0]).toMatchObject({ restarts: 0, version: expect.stringMatching(/^OpenVINO \d/) });
  });

  it("takes its own options, and refuses those of others", async () => {
    const file = await writeOnnx(embeddingModel());
    const pool = await pools.start("OpenVino", file, { EXECUTION_MODE_HINT: "ACCURACY" });
    expect(floatsOf((await pool.run(sentence([1]), ["embedding"], limit)).outputs[0])[0]).toBe(3);
    await expect(pools.start("OpenVino", file, { graphOptimizationLevel: "all" })).rejects.toMatchObject({
      kind: "Rejected",
    });
  });

  it("refuses a file that is no model", async () => {
    const file = await writeOnnx(Buffer.from("this is no model"));
    await expect(pools.start("OpenVino", file)).rejects.toMatchObject({ kind: "Rejected" });
  });
});

describe("OpenVINO on a machine that lacks it", () => {
  it("is not found, and a plan with it is refused with what to do", async () => {
    expect(await findEngine(openVino, { SWEETSPOT_PYTHON: "/nowhere/python" })).toBeNull();
    const before = process.env["SWEETSPOT_PYTHON"];
    process.env["SWEETSPOT_PYTHON"] = "/nowhere/python";
    try {
      await expect(engineCommand(openVino)).rejects.toMatchObject({
        kind: "Unavailable",
        message: expect.stringMatching(/npm run setup/),
      });
    } finally {
      if (before === undefined) delete process.env["SWEETSPOT_PYTHON"];
      else process.env["SWEETSPOT_PYTHON"] = before;
    }
  });
});
