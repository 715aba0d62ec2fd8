import { open } from "node:fs/promises";
import type { Datatype } from "@sweetspot/crds";
import type { Sample } from "../inputs/sample.ts";

const dtypes: Partial<Record<Datatype, string>> = {
  BOOL: "BOOL",
  UINT8: "U8",
  UINT16: "U16",
  UINT32: "U32",
  UINT64: "U64",
  INT8: "I8",
  INT16: "I16",
  INT32: "I32",
  INT64: "I64",
  FP16: "F16",
  FP32: "F32",
  FP64: "F64",
};

/** Can the samples be written? Strings cannot. */
export const canCalibrate = (samples: readonly Sample[]): boolean =>
  samples.length > 0 && samples.every(({ inputs }) => inputs.every(({ datatype }) => datatype in dtypes));

/** At most `count` samples, evenly spaced over all of them. */
export function spacedSamples(samples: readonly Sample[], count: number): Sample[] {
  if (samples.length <= count) return [...samples];
  return Array.from({ length: count }, (_, index) => samples[Math.floor((index * samples.length) / count)] as Sample);
}

/**
 * Writes samples as a safetensors file (https://github.com/huggingface/safetensors#format) with the keys
 * "<sample>:<input>". Errors of the file system pass through.
 */
export async function writeCalibration(file: string, samples: readonly Sample[]): Promise<void> {
  const header: Record<string, object> = {};
  let offset = 0;
  for (const [index, { inputs }] of samples.entries()) {
    for (const { name, datatype, shape, data } of inputs) {
      const end = offset + data.byteLength;
      header[`${index}:${name}`] = { dtype: dtypes[datatype], shape, data_offsets: [offset, end] };
      offset = end;
    }
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  const handle = await open(file, "w");
  try {
    // `write` may take a part only; `writeFile` on a handle continues where the last one ended.
    for (const part of [length, json]) await handle.writeFile(part);
    for (const { inputs } of samples) for (const { data } of inputs) await handle.writeFile(data);
  } finally {
    await handle.close();
  }
}
