import { readFile } from "node:fs/promises";
import { apiVersion, digestOf, sha256, type TuningQuestion } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import {
  describeModel,
  EngineFailure,
  type EnginePool,
  fileDigest,
  type ModelSignature,
  probeParity,
  requestShaper,
} from "@sweetspot/sidecar";
import { loadSamples } from "../inputs/load-samples.ts";
import type { SampleSet } from "../inputs/sample.ts";
import { synthesise } from "../inputs/synthesise.ts";
import { openSingleEngine } from "../measure/single-engine.ts";
import { defaultMetric } from "../quality/metrics.ts";
import type { TuneRequest } from "../tune-request.ts";
import type { LoadableVariant, OpenedModel } from "../tuning-state.ts";
import { defaultVariants } from "../variants/catalogue.ts";
import type { SuppliedModel } from "../variants/supplied-variant.ts";

/** Padded and unpadded may differ by so much in FP32: rounding, not meaning. */
const losslessTolerance = 1e-4;
const synthesisedSamples = 256;

/** Something in the request does not fit the model. The message says what to change. */
export class RequestError extends Error {
  override readonly name = "RequestError";
}

/** Reads the model and the samples, and finds out whether requests may be padded. */
export async function openModel(request: TuneRequest, cpus: number): Promise<OpenedModel> {
  const signature = await describeModel(request.modelFile);
  const digest = sha256(await readFile(request.modelFile));
  const samples = await samplesFor(request, signature);
  const outputs = servedOutputs(request, signature);
  const source = await sourceVariant(request, signature, outputs, digest);
  const shape = requestShaper(signature, source.padding);
  return {
    signature,
    source,
    samples,
    shapes: samples.samples.map(({ inputs }) => shape(inputs)),
    outputs,
    question: await questionOf(request, digest, samples, cpus),
  };
}

async function samplesFor(request: TuneRequest, signature: ModelSignature): Promise<SampleSet> {
  if (request.samplesFile === undefined) return synthesise(signature, synthesisedSamples, seededRandom(request.seed));
  const tokenizer = request.tokenizerFile === undefined ? {} : { tokenizer: request.tokenizerFile };
  return loadSamples(request.samplesFile, signature, tokenizer);
}

function servedOutputs(request: TuneRequest, signature: ModelSignature): string[] {
  const known = signature.outputs.map(({ name }) => name);
  const unknown = request.outputs?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RequestError(`The model has no output "${unknown}". Its outputs are: ${known.join(", ")}.`);
  }
  return [...(request.outputs ?? known)];
}

async function sourceVariant(
  request: TuneRequest,
  signature: ModelSignature,
  outputs: readonly string[],
  digest: string,
): Promise<LoadableVariant> {
  const pool = await openSource(request.modelFile);
  try {
    const parity = await probeParity(pool, signature, outputs, { tolerance: losslessTolerance });
    return { variant: "Source", file: request.modelFile, digest, padding: parity.padding ?? undefined };
  } finally {
    await pool.close();
  }
}

/** The engine's own words say best what it does not like about the user's model. */
async function openSource(file: string): Promise<EnginePool> {
  try {
    return await openSingleEngine(file);
  } catch (error) {
    if (!(error instanceof EngineFailure && error.kind === "Rejected")) throw error;
    throw new RequestError(`${file} cannot be tuned: ${error.message}. Export it again for ONNX Runtime.`);
  }
}

async function questionOf(
  request: TuneRequest,
  digest: string,
  samples: SampleSet,
  cpus: number,
): Promise<TuningQuestion> {
  const metric = request.quality.metric ?? defaultMetric(request.task, samples.labelled);
  const { maximumLossBasisPoints, mode } = request.quality;
  return {
    apiVersion,
    kind: "TuningQuestion",
    model: { name: request.modelName, digest },
    task: request.task,
    serviceLevel: request.target,
    quality: { metric, maximumLossBasisPoints, mode },
    workload: {
      source: samples.source,
      samples: samples.samples.length,
      digest: samples.digest,
      labelled: samples.labelled,
      requestsPerSecond: request.requestsPerSecond ?? null,
    },
    variants: [...(request.variants ?? defaultVariants(request.budgetSeconds))],
    ...(request.supplied === undefined ? {} : { supplied: await Promise.all(request.supplied.map(identified)) }),
    cpus,
    budgetSeconds: request.budgetSeconds,
    seed: request.seed,
  };
}

/** A file that cannot be read is part of the question all the same; the answer says what became of it. */
async function identified({ name, file }: SuppliedModel) {
  const digest = await fileDigest(file).catch(() => sha256(new TextEncoder().encode("missing")));
  return { name, digest };
}

/** The key of a tuning profile: equal questions have equal answers. */
export const questionDigest = (question: TuningQuestion): string => digestOf(question);
