import type { InputPipeline } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";
import { poolEmbedding } from "./pool-embedding.ts";
import { topClasses } from "./top-classes.ts";

/** The outputs that the model must compute, so that clients get those of these names. */
export function modelOutputs({ embedding, classification }: InputPipeline, names: readonly string[]): string[] {
  const sources = new Map([embedding, classification].map((made) => [made?.name, made?.output]));
  return [...new Set(names.map((name) => sources.get(name) ?? name))];
}

/**
 * The outputs of one row under the names that clients see. `tokens`: of a text, filling excluded. Throws
 * `OutputFormError` where the model's answer has another form than the plan says.
 */
export function makeOutputs(
  { embedding, classification }: InputPipeline,
  names: readonly string[],
  { outputs, tokens }: { readonly outputs: readonly Tensor[]; readonly tokens: number },
  labels: readonly string[] | null,
): Tensor[] {
  const named = (name: string) => outputs.find((output) => output.name === name) as Tensor;
  return names.map((name) => {
    if (name === embedding?.name) return vectorTensor(name, poolEmbedding(embedding, named(embedding.output), tokens));
    if (name === classification?.name) {
      return stringsTensor(name, topClasses(classification, named(classification.output), labels));
    }
    return named(name);
  });
}

function vectorTensor(name: string, { buffer, byteOffset, byteLength, length }: Float32Array): Tensor {
  return { name, datatype: "FP32", shape: [1, length], data: new Uint8Array(buffer, byteOffset, byteLength) };
}

/** Each string after its length in four bytes. */
function stringsTensor(name: string, strings: readonly string[]): Tensor {
  const parts = strings.flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return { name, datatype: "BYTES", shape: [1, strings.length], data: Buffer.concat(parts) };
}
