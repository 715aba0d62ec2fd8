import { elementArrays, elementBytes, elementCount, type Tensor } from "../../tensor.ts";
import { aligned } from "./binary-elements.ts";
import type { RequestedOutput } from "./check-request.ts";
import { floatsJson } from "./float-json.ts";

/** The body of an answer. */
export interface EncodedResponse {
  /** A string has one byte in each unit (Latin-1), so that it can be written without a look at each character. */
  readonly body: Uint8Array | string;
  /** Value of `Inference-Header-Content-Length`; null where the body is JSON only. */
  readonly headerLength: number | null;
}

/** The one version that a server has of its model. */
export const modelVersion = "1";

/**
 * Encodes an answer of the Open Inference Protocol v2. JSON data is flat; BYTES are read as UTF-8; NaN and infinities,
 * which JSON lacks, become `null` (ask for binary data to get them as they are).
 */
export function encodeResponse(
  modelName: string,
  id: string | null,
  outputs: readonly Tensor[],
  requested: readonly RequestedOutput[],
): EncodedResponse {
  const chunks: Uint8Array[] = [];
  const items = requested.map(({ name, binary }) => {
    const tensor = outputs.find((output) => output.name === name) as Tensor;
    if (binary) chunks.push(tensor.data);
    return outputJson(tensor, binary);
  });
  const idPart = id === null ? "" : `"id":${asciiString(id)},`;
  const json = `{${idPart}"model_name":${asciiString(modelName)},"model_version":"${modelVersion}","outputs":[${items.join(",")}]}`;
  if (chunks.length === 0) return { body: json, headerLength: null };
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, json.length);
  if (bytes <= mostAsText) return { body: json + chunks.map(latin1).join(""), headerLength: json.length };
  return { body: Buffer.concat([Buffer.from(json, "latin1"), ...chunks], bytes), headerLength: json.length };
}

/** Up to here a string is written together with the headers in one piece, which costs less than a second buffer. */
const mostAsText = 16_384;

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString("latin1");

/** A JSON string in ASCII: outside of it JSON can write each UTF-16 unit as an escape. */
const asciiString = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

function outputJson(tensor: Tensor, binary: boolean): string {
  const head = `{"name":${asciiString(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(",")}]`;
  if (binary) return `${head},"parameters":{"binary_data_size":${tensor.data.length}}}`;
  return `${head},"data":[${elementsJson(tensor)}]}`;
}

/** The elements as JSON, without brackets. `join` of a typed array is three times as fast as `JSON.stringify`. */
export function elementsJson(tensor: Tensor): string {
  const { datatype } = tensor;
  if (datatype === "BYTES") return stringsJson(tensor);
  if (datatype === "BOOL") return Array.from(tensor.data, (byte) => byte !== 0).join(",");
  if (datatype === "FP32") return floatsJson(viewOf(tensor) as Float32Array);
  const text = viewOf(tensor).join(",");
  return datatype.startsWith("FP") && /[NI]/.test(text) ? text.replace(/NaN|-?Infinity/g, "null") : text;
}

function stringsJson({ data, shape }: Tensor): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const items: string[] = [];
  let offset = 0;
  for (let i = elementCount(shape); i > 0; i -= 1) {
    const end = offset + 4 + bytes.readUInt32LE(offset);
    items.push(asciiString(bytes.toString("utf8", offset + 4, end)));
    offset = end;
  }
  return items.join(",");
}

function viewOf({ datatype, data }: Tensor): { join(separator: string): string } {
  const width = elementBytes(datatype) as number;
  const { buffer, byteOffset, byteLength } = aligned(data, width);
  return new elementArrays[datatype as keyof typeof elementArrays](
    buffer as ArrayBuffer,
    byteOffset,
    byteLength / width,
  );
}
