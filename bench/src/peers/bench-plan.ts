import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServingPlan } from "@sweetspot/crds";
import { minilmTensors } from "@sweetspot/test";
import { describeEnvironment } from "@sweetspot/tuner";
import * as z from "zod";
import { machineOf } from "../machine.ts";
import { measuredPlan } from "../own-server.ts";
import { RawOnnxRuntime } from "../raw-onnxruntime.ts";

const folder = fileURLToPath(new URL("../../out", import.meta.url));
const file = join(folder, "peers-plan.json");
const freshMilliseconds = 12 * 3_600_000;

/** A measured plan, and how fast the machine was when its table was measured. */
const BenchPlan = z.object({
  /** Of `machineOf`. */
  machine: z.string(),
  measuredAt: z.iso.datetime(),
  /** Of `startYardstick`. */
  yardstickRowsPerSecond: z.number().positive(),
  plan: ServingPlan,
});
export type BenchPlan = z.infer<typeof BenchPlan>;

/** The plan that all parts of one benchmark share: measured once on a machine, and again after half a day. */
export async function benchPlan(modelFile: string): Promise<BenchPlan> {
  const machine = machineOf(await describeEnvironment());
  const known = existsSync(file) ? BenchPlan.parse(JSON.parse(await readFile(file, "utf8"))) : null;
  if (known?.machine === machine && Date.now() - Date.parse(known.measuredAt) < freshMilliseconds) return known;
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  try {
    const plan = await measuredPlan(modelFile, directory);
    const yardstick = await startYardstick(modelFile, plan.layout.instances);
    const yardstickRowsPerSecond = await yardstick.rowsPerSecond(2);
    yardstick.close();
    const fresh = { machine, measuredAt: new Date().toISOString(), yardstickRowsPerSecond, plan };
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify(fresh));
    return fresh;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Raw ONNX Runtime on batches of 8 rows of 32 tokens: says how fast the machine is now. The caller closes it. */
export const startYardstick = (modelFile: string, engines: number): Promise<RawOnnxRuntime> =>
  RawOnnxRuntime.start(
    { file: modelFile, output: minilmTensors.embedding },
    1,
    new Array(engines).fill([new Array(8).fill(32)]),
  );
