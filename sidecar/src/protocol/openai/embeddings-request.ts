import { isUtf8 } from "node:buffer";
import { ApiError } from "../errors.ts";
import { checkJsonStructure } from "../oip/json-structure.ts";
import { invalidParameter, ParameterError } from "./openai-error.ts";

/** A text, or a text that the client has already turned into token ids. */
export type EmbeddingInput = string | Int32Array;

/** The body of `POST /v1/embeddings`, checked. */
export interface EmbeddingsRequest {
  readonly model: string;
  /** At least one, none of them empty. */
  readonly inputs: readonly EmbeddingInput[];
  readonly encoding: "float" | "base64";
  /** How long the client wants its vectors; null where it did not say. */
  readonly dimensions: number | null;
}

const largestToken = 2 ** 31 - 1;
const expectedInput =
  "a text, a list of texts, a list of token ids, or a list of lists of token ids, none of them empty";

/** Decodes the body; fields that it does not know (`user` among them) are ignored. Throws `ApiError`. */
export function decodeEmbeddingsRequest(body: Uint8Array): EmbeddingsRequest {
  const document = parseObject(body);
  const { model, input, encoding_format: encoding, dimensions } = document;
  if (typeof model !== "string") throw invalidParameter("model", "a string");
  return {
    model,
    inputs: decodeInput(input),
    encoding: decodeEncoding(encoding ?? "float"),
    dimensions: decodeDimensions(dimensions ?? null),
  };
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  checkJsonStructure(body);
  let document: unknown;
  try {
    document = isUtf8(body) ? JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) : null;
  } catch {
    document = null;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new ApiError("InvalidJsonObject");
  return document as Readonly<Record<string, unknown>>;
}

function decodeInput(input: unknown): EmbeddingInput[] {
  if (typeof input === "string") return [decodeItem(input)];
  if (!Array.isArray(input) || input.length === 0) throw invalidParameter("input", expectedInput);
  if (typeof input[0] === "number") return [decodeItem(input)];
  const first = typeof input[0];
  // Texts and token lists do not mix, as OpenAI has it.
  if (!input.every((item) => typeof item === first)) throw invalidParameter("input", expectedInput);
  return input.map(decodeItem);
}

function decodeItem(item: unknown): EmbeddingInput {
  if (typeof item === "string" && item !== "") return item;
  if (!Array.isArray(item) || item.length === 0) throw invalidParameter("input", expectedInput);
  for (const id of item) {
    if (!Number.isInteger(id) || id < 0 || id > largestToken) throw invalidParameter("input", expectedInput);
  }
  return Int32Array.from(item as number[]);
}

function decodeEncoding(encoding: unknown): "float" | "base64" {
  if (encoding === "float" || encoding === "base64") return encoding;
  throw invalidParameter("encoding_format", "'float' or 'base64'");
}

function decodeDimensions(dimensions: unknown): number | null {
  if (dimensions === null) return null;
  if (Number.isSafeInteger(dimensions) && (dimensions as number) > 0) return dimensions as number;
  throw invalidParameter("dimensions", "a whole number from 1");
}

/** Throws `ApiError` where a client wants its vectors longer or shorter than the model makes them. */
export function checkDimensions(wanted: number | null, actual: number): void {
  if (wanted === null || wanted === actual) return;
  throw new ParameterError("dimensions", "InvalidField", { field: "dimensions", expected: `left out, or ${actual}` });
}
