import { isUtf8 } from "node:buffer";
import { ApiError } from "../errors.ts";
import { BinaryCursor, binaryElements } from "./binary-elements.ts";
import {
  type ClaimedInput,
  checkInputParameters,
  checkInputs,
  checkOutputParameters,
  checkOutputs,
  checkTimeout,
  type DataReader,
  type InferRequest,
  type RequestedOutput,
  schemaFor,
} from "./check-request.ts";
import { decodeRaw } from "./decode-raw.ts";
import { encodeElements, flatten } from "./json-elements.ts";
import { checkJsonStructure } from "./json-structure.ts";
import type { RequestSchema } from "./request-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Decodes the body of `POST /v2/models/{name}/infer` (Open Inference Protocol v2 with the binary tensor extension) and
 * checks it against the model. `headerLength` is the `Inference-Header-Content-Length` header. Nothing is allocated
 * from a size that the body only claims to have. Throws `ApiError`.
 */
export function decodeRequest(body: Uint8Array, headerLength: string | undefined, schema: RequestSchema): InferRequest {
  const jsonBytes = headerLength === undefined ? body.length : parseHeaderLength(headerLength, body.length);
  if (jsonBytes === 0 && headerLength !== undefined) return decodeRaw(body, schema);
  const document = parseJson(body.subarray(0, jsonBytes));
  const parameters = optionalObject(document, "parameters");
  const binary = new BinaryCursor(body, jsonBytes);
  const claims = inputsOf(document);
  const chosen = schemaFor(claims, schema);
  const inputs = checkInputs(claims, chosen, dataReader(binary, body.length));
  binary.finish();
  const binaryDefault = optionalBoolean(parameters, "binary_data_output") ?? false;
  return {
    id: optionalString(document, "id"),
    inputs,
    outputs: checkOutputs(outputsOf(document, binaryDefault), chosen, binaryDefault),
    timeoutMicroseconds: checkTimeout(parameters),
  };
}

/** Digits only: `Number` alone would take " 12", "0x1f" and "1e3", and C's `strtol` takes "12abc". */
function parseHeaderLength(text: string, bytes: number): number {
  const length = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(length <= bytes)) throw new ApiError("InvalidHeaderLength", { bytes });
  return length;
}

function parseJson(bytes: Uint8Array): Json {
  checkJsonStructure(bytes);
  let document: unknown;
  try {
    if (!isUtf8(bytes)) throw new ApiError("InvalidJson");
    document = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    throw new ApiError("InvalidJson");
  }
  if (!isObject(document)) throw new ApiError("InvalidJson");
  return document;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function optionalObject(source: Json, field: string): Json {
  const value = source[field];
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new ApiError("InvalidField", { field, expected: "an object" });
  return value;
}

function optionalString(source: Json, field: string): string | null {
  const value = source[field] ?? null;
  if (value !== null && typeof value !== "string") throw new ApiError("InvalidField", { field, expected: "a string" });
  return value;
}

function optionalBoolean(source: Json, field: string): boolean | undefined {
  const value = source[field] ?? undefined;
  if (value !== undefined && typeof value !== "boolean") {
    throw new ApiError("InvalidField", { field, expected: "true or false" });
  }
  return value;
}

function listOf(source: Json, field: string): readonly Json[] {
  const list = source[field] ?? [];
  if (!Array.isArray(list) || !list.every(isObject)) {
    throw new ApiError("InvalidField", { field, expected: "a list of objects" });
  }
  return list;
}

function nameOf(item: Json, list: string): string {
  const name = item["name"];
  if (typeof name !== "string") throw new ApiError("InvalidField", { field: `${list}.name`, expected: "a string" });
  return name;
}

/** An input as the JSON part has it. */
type JsonInput = ClaimedInput & Json;

function inputsOf(document: Json): readonly JsonInput[] {
  const items = listOf(document, "inputs");
  for (const item of items) nameOf(item, "inputs");
  return items as readonly JsonInput[];
}

const dataReader =
  (binary: BinaryCursor, bodyBytes: number): DataReader<JsonInput> =>
  (item, { name, datatype }, shape, count) => {
    const parameters = optionalObject(item, "parameters");
    checkInputParameters(parameters);
    const size = parameters["binary_data_size"];
    if (size !== undefined) {
      if (item["data"] !== undefined) throw new ApiError("DataTwice", { name });
      return binaryElements(datatype, binary.take(byteSize(size), name), count, name);
    }
    if (item["data"] === undefined) throw new ApiError("MissingData", { name });
    // Each element takes at least a byte of JSON, so a larger claim is wrong before anything is allocated for it.
    const actual = Array.isArray(item["data"]) ? item["data"].length : 0;
    if (count > bodyBytes) {
      throw new ApiError("WrongElementCount", { name, actual, shape: shape.join(", "), expected: count });
    }
    return encodeElements(datatype, flatten(item["data"], shape, count, name), name);
  };

function byteSize(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ApiError("InvalidField", { field: "parameters.binary_data_size", expected: "a whole number of bytes" });
  }
  return value;
}

function outputsOf(document: Json, binaryDefault: boolean): readonly RequestedOutput[] {
  return listOf(document, "outputs").map((item) => {
    const name = nameOf(item, "outputs");
    const parameters = optionalObject(item, "parameters");
    checkOutputParameters(parameters);
    return { name, binary: optionalBoolean(parameters, "binary_data") ?? binaryDefault };
  });
}
