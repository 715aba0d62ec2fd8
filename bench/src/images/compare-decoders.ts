import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InputPipeline } from "@sweetspot/crds";
import { mean } from "@sweetspot/planner";
import { type ModelSignature, Pipeline, type Tensor } from "@sweetspot/sidecar";
import sharp from "sharp";
import { PeerUnavailableError } from "../peers/python-environment.ts";
import { PythonDecoder, type PythonWay, pythonWays } from "./python-decoder.ts";

const rounds = 9;
const imagesPerRound = 24;
/** Decoders differ in rounding and in how they shrink; normalised pixels span about four. */
const largestDifference = 0.05;
const limits = { maximumItems: 1e6, maximumBytes: 1e9, isOver: () => false };
const log = { info: () => undefined, warn: console.error, error: console.error };

/** CPU microseconds for one image, in one round. */
export interface DecodingRound {
  /** Of the thread that takes requests, and of the whole process: the server's own pipeline. */
  readonly requestThread: number;
  readonly process: number;
  /** Of whole Python processes; empty where their libraries do not install. */
  readonly python: Partial<Readonly<Record<PythonWay, number>>>;
}

/** 640 x 480 JPEG to 224 x 224 floats, as classifiers of ImageNet take them. The first rounds are the compiler's. */
export async function compareDecoders(): Promise<DecodingRound[]> {
  const jpeg = await exampleJpeg();
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-jpeg-"));
  const file = join(folder, "example.jpg");
  await writeFile(file, jpeg);
  const pipeline = await Pipeline.open(imagePlan, imageSignature, log);
  try {
    await using python = await pythonDecoder(file);
    const measured: DecodingRound[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const own = await decodeHere(pipeline, jpeg);
      const others = python === null ? {} : await decodeThere(python, own.mean);
      if (round >= rounds / 3) measured.push({ ...own.cost, python: others });
    }
    return measured;
  } finally {
    await pipeline.close();
    await rm(folder, { recursive: true });
  }
}

async function pythonDecoder(file: string): Promise<PythonDecoder | null> {
  try {
    return await PythonDecoder.start(file);
  } catch (error) {
    if (!(error instanceof PeerUnavailableError)) throw error;
    console.error(`Python's decoders are left out: ${error.message}`);
    return null;
  }
}

async function decodeHere(pipeline: Pipeline, jpeg: Uint8Array) {
  const images = Array.from({ length: imagesPerRound }, () => new Uint8Array(jpeg));
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  const rows = await Promise.all(images.map((image) => pipeline.prepare([image], limits, (prepared) => prepared)));
  const [threadEnd, allEnd] = [process.threadCpuUsage(thread), process.cpuUsage(all)];
  const cost = {
    requestThread: (threadEnd.user + threadEnd.system) / imagesPerRound,
    process: (allEnd.user + allEnd.system) / imagesPerRound,
  };
  const [tensor] = (rows[0] as readonly { readonly inputs: readonly Tensor[] }[])[0]?.inputs ?? [];
  const data = new Uint8Array(tensor?.data ?? []);
  return { cost, mean: mean(new Float32Array(data.buffer, 0, data.length / 4)) };
}

/** Each library in turn. Throws where one does not give about the same tensor. */
async function decodeThere(python: PythonDecoder, expected: number): Promise<DecodingRound["python"]> {
  const costs: Partial<Record<PythonWay, number>> = {};
  for (const way of pythonWays) {
    const { microseconds, mean: found } = await python.decode(way, imagesPerRound);
    if (!(Math.abs(found - expected) < largestDifference)) {
      throw new Error(`${way} gives a tensor of mean ${found}, where the pipeline gives ${expected}`);
    }
    costs[way] = microseconds;
  }
  return costs;
}

function exampleJpeg(): Promise<Buffer> {
  const noise = Uint8Array.from({ length: 640 * 480 * 3 }, (_, i) => ((i >> 6) * 37 + (i % 13) * 5) % 256);
  return sharp(noise, { raw: { width: 640, height: 480, channels: 3 } })
    .jpeg()
    .toBuffer();
}

const imageSignature: ModelSignature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3, 224, 224], symbols: ["batch", null, null, null] }],
  outputs: [],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
};

const imagePlan: InputPipeline = {
  threads: 1,
  image: {
    input: "image",
    tensor: "x",
    layout: "NCHW",
    channels: "RGB",
    height: 224,
    width: 224,
    resize: "Cover",
    cropFraction: 0.875,
    interpolation: "Linear",
    background: 0,
    normalisation: { mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225] },
    maximumPixels: 10_000_000,
    maximumBytes: 10_000_000,
  },
};
