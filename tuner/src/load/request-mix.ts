import { checkDocument, DocumentError } from "@sweetspot/crds";
import type { Tensor } from "@sweetspot/sidecar";
import * as z from "zod";
import { encodeBinaryRequest, encodeJsonRequest } from "./infer-request.ts";

/** One request that is ready to be sent: no encoding happens while load runs. */
export interface PreparedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The requests that a load run draws from, at least one. */
export interface RequestMix {
  readonly requests: readonly PreparedRequest[];
}

export type RequestFormat = "binary" | "json";

/**
 * Encodes one Open Inference Protocol infer request per sample.
 *
 * @param samples the input tensors of each request, batch axis included
 * @param outputs the outputs to ask for; all of the model's when absent
 * @throws RangeError when there is no sample, or a datatype has no form in JSON (FP16)
 */
export function prepareMix(
  samples: readonly (readonly Tensor[])[],
  format: RequestFormat,
  outputs?: readonly string[],
): RequestMix {
  if (samples.length === 0) throw new RangeError("a mix needs at least one sample");
  const encode = format === "binary" ? encodeBinaryRequest : encodeJsonRequest;
  return { requests: samples.map((sample) => encode(sample, outputs)) };
}

const MixIndex = z.object({
  format: z.literal("sweetspot-request-mix-1"),
  requests: z
    .array(z.object({ headers: z.record(z.string(), z.string()), bytes: z.int().min(0) }))
    .min(1)
    .max(1_000_000),
});

/** The mix as a file: the index's length (4 bytes, little-endian), the index in JSON, then all bodies in order. */
export function encodeMix(mix: RequestMix): Uint8Array {
  const requests = mix.requests.map(({ headers, body }) => ({ headers, bytes: body.byteLength }));
  const index = Buffer.from(JSON.stringify({ format: "sweetspot-request-mix-1", requests }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.byteLength);
  return Buffer.concat([length, index, ...mix.requests.map(({ body }) => body)]);
}

/** Reads what `encodeMix` wrote; bodies are views, not copies. Throws `DocumentError` for anything else. */
export function decodeMix(file: Uint8Array): RequestMix {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const bodies = bytes.byteLength < 4 ? Number.POSITIVE_INFINITY : 4 + bytes.readUInt32LE(0);
  if (bodies > bytes.byteLength) throw new DocumentError("The request mix is cut off: write the file again.");
  const { requests } = checkDocument(MixIndex, parseIndex(bytes.subarray(4, bodies)), "The request mix");
  let offset = bodies;
  const decoded = requests.map(({ headers, bytes: size }) => {
    const body = bytes.subarray(offset, offset + size);
    offset += size;
    return { headers, body };
  });
  if (offset !== bytes.byteLength) throw new DocumentError("The request mix has the wrong size: write the file again.");
  return { requests: decoded };
}

function parseIndex(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new DocumentError("This is no request mix: its index is not JSON.");
  }
}
