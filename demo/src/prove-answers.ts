import { setTimeout } from "node:timers/promises";
import type { ModelArtifact } from "@sweetspot/crds";
import { DirectModel } from "@sweetspot/test";
import { type PreparedRequest, prepareMix, type Sample } from "@sweetspot/tuner";
import { floatsOf } from "./binary-answer.ts";
import type { Subject } from "./subjects.ts";

/** How the served answers compare with direct calls of ONNX Runtime on the same model file, one row at a time. */
export interface Proof {
  readonly requests: number;
  readonly largestDifference: number;
  readonly meanCosine: number;
  readonly holds: boolean;
}

/** FP32 answers may differ by rounding only. */
const losslessTolerance = 1e-4;
/**
 * INT8 answers depend a little on their batch-mates: dynamic quantization takes its scales from the whole batch, and
 * rounding to 8 bits magnifies the last digit. What INT8 itself costs was judged by the tuner's quality gate.
 */
const lossyCosine = 0.99;
const concurrency = 12;
const mostAttempts = 20;

/** Sends every sample to the server, many at once so that they meet in batches, and compares each answer. */
export async function proveAnswers(
  subject: Subject,
  samples: readonly Sample[],
  { variant, file }: ModelArtifact,
  url: string,
): Promise<Proof> {
  const model = await DirectModel.load(file);
  const bodies = prepareMix(
    samples.map(({ inputs }) => inputs),
    "binary",
    [subject.output],
  ).requests;
  const served = await mapConcurrently(bodies, concurrency, async (request) =>
    floatsOf(await post(url, request), subject.output),
  );
  let largestDifference = 0;
  let cosines = 0;
  for (const [i, sample] of samples.entries()) {
    const direct = await model.run(sample.inputs, subject.output);
    const answer = served[i] as Float32Array;
    if (answer.length !== direct.length) throw new Error("an answer has another shape than the direct call's");
    largestDifference = Math.max(largestDifference, difference(direct, answer));
    cosines += cosine(direct, answer);
  }
  const meanCosine = cosines / samples.length;
  const holds = variant === "Source" ? largestDifference <= losslessTolerance : meanCosine >= lossyCosine;
  return { requests: samples.length, largestDifference, meanCosine, holds };
}

/** Sends a request as a polite client does: what is refused under load is sent again when the server says so. */
async function post(url: string, { headers, body }: PreparedRequest): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, { method: "POST", headers: { ...headers }, body: new Uint8Array(body) });
    if (response.status !== 503 || attempt === mostAttempts) return response;
    await response.body?.cancel();
    await setTimeout(1000 * Number(response.headers.get("retry-after") ?? 1));
  }
}

async function mapConcurrently<T, R>(items: readonly T[], lanes: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = [...items.entries()];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

function difference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}
