import { engineAndVariant, engineOf, engineOptionsOf, type VariantName } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import {
  assembleBatch,
  createEnginePool,
  cTranslate2,
  describeModel,
  type EnginePool,
  findEngine,
  openVino,
  synthesiseRow,
  type Tensor,
  usableCpuCount,
} from "@sweetspot/sidecar";
import { minilmModel, minilmTensors, ocrModels, recogniserTensors } from "@sweetspot/test";
import { interleave, ratioOf } from "./rounds.ts";
import { type ResultRow, writeResult } from "./write-result.ts";

const rounds = 5;
const seconds = 1.5;
const warmUpSeconds = 3;
const seed = 5;
const limitMilliseconds = 60_000;

interface Workload {
  readonly name: string;
  readonly file: string;
  readonly output: string;
  readonly length: number;
  readonly rows: number;
  /** The source on other engines, and their own forms of it. */
  readonly variants: readonly VariantName[];
}

/** Rows per second of other engines over those of ONNX Runtime: a process for each CPU with one thread, equal batches, no server. */
export async function benchEngines(): Promise<void> {
  for (const engine of [openVino, cTranslate2]) {
    if ((await findEngine(engine)) === null) throw new Error(engine.missing);
  }
  const results = [];
  for (const workload of workloads()) results.push(await compare(workload));
  await writeResult(
    "engines",
    results.flatMap(({ rows }) => rows),
    results.map(({ raw }) => raw),
  );
}

function workloads(): Workload[] {
  const minilm = minilmModel();
  const recogniser = { file: ocrModels.recogniser, output: recogniserTensors.output, variants: ["OpenVino"] };
  const images = [160, 320].flatMap((length) =>
    [1, 4].map((rows) => ({ name: `text recogniser, width ${length}, ${rows} rows`, ...recogniser, length, rows })),
  );
  if (minilm === null) return images;
  const texts = [16, 64, 256].flatMap((length) =>
    [1, 8].map((rows) => ({
      name: `sentence encoder, ${length} tokens, ${rows} rows`,
      file: minilm,
      output: minilmTensors.embedding,
      variants: ["OpenVino", "CTranslate2", "CTranslate2INT8"],
      length,
      rows,
    })),
  );
  return [...texts, ...images];
}

async function compare({ name, file, output, length, rows, variants }: Workload) {
  console.error(`\n${name}`);
  const signature = await describeModel(file);
  const random = seededRandom(seed);
  const members = Array.from({ length: rows }, () => ({
    inputs: synthesiseRow(signature, length, random),
    rows: 1,
    length,
  }));
  const { inputs } = assembleBatch(members, undefined);
  await using resources = new AsyncDisposableStack();
  const start = async (variant: VariantName) => {
    const layout = { instances: usableCpuCount(), threadsPerInstance: 1, pinned: true, spinning: false };
    const pool = await createEnginePool({
      engine: engineOf(variant),
      options: engineOptionsOf(variant) ?? {},
      file,
      layout,
    });
    resources.defer(() => pool.close());
    await rowsPerSecond(pool, inputs, output, rows, warmUpSeconds);
    return () => rowsPerSecond(pool, inputs, output, rows, seconds);
  };
  const baseline = await start("Source");
  const others = [];
  for (const variant of variants) others.push({ name: engineAndVariant(variant), measure: await start(variant) });
  const measured = await interleave(baseline, others, rounds);
  const results: ResultRow[] = others.map((other) => ({
    measure: `${name}: ${other.name} / ${engineAndVariant("Source")}`,
    ratio: ratioOf(measured, other.name),
    wanted: 0,
  }));
  return { rows: results, raw: { workload: name, rounds: measured } };
}

/** All instances at once, each on the next batch as soon as it has answered the last. */
async function rowsPerSecond(
  pool: EnginePool,
  inputs: readonly Tensor[],
  output: string,
  rows: number,
  length: number,
): Promise<number> {
  const started = performance.now();
  let batches = 0;
  const lane = async () => {
    while (performance.now() - started < 1000 * length) {
      await pool.run(inputs, [output], limitMilliseconds);
      batches += 1;
    }
  };
  await Promise.all(Array.from({ length: pool.instances }, lane));
  return (1000 * batches * rows) / (performance.now() - started);
}
