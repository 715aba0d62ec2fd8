import { isUtf8 } from "node:buffer";
import type { Tensor } from "../../tensor.ts";
import { ApiError } from "../errors.ts";
import { BinaryCursor, binaryElements } from "./binary-elements.ts";
import { checkValues } from "./check-values.ts";
import { encodeElements, flatten } from "./json-elements.ts";
import type { InputRule, RequestSchema } from "./request-schema.ts";

/** One output that the client wants, and how. */
export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
}

/** A request that passed every check against its model. */
export interface InferRequest {
  readonly id: string | null;
  /** In the order of the model's signature. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly RequestedOutput[];
  /** The client's own time limit, microseconds; null where it gave none. */
  readonly timeoutMicroseconds: number | null;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Decodes the body of `POST /v2/models/{name}/infer` (Open Inference Protocol v2 with the binary tensor extension) and
 * checks it against the model. `headerLength` is the `Inference-Header-Content-Length` header. Nothing is allocated
 * from a size that the body only claims to have. Throws `ApiError`.
 */
export function decodeRequest(body: Uint8Array, headerLength: string | undefined, schema: RequestSchema): InferRequest {
  const jsonBytes = headerLength === undefined ? body.length : parseHeaderLength(headerLength, body.length);
  const document = parseJson(body.subarray(0, jsonBytes));
  const parameters = optionalObject(document, "parameters");
  const binary = new BinaryCursor(body, jsonBytes);
  const inputs = decodeInputs(document, schema, binary, body.length);
  binary.finish();
  checkEqualSizes(inputs, schema);
  return {
    id: optionalString(document, "id"),
    inputs,
    outputs: decodeOutputs(document, schema, optionalBoolean(parameters, "binary_data_output") ?? false),
    timeoutMicroseconds: decodeTimeout(parameters),
  };
}

/** Digits only: `Number` alone would take " 12", "0x1f" and "1e3", and C's `strtol` takes "12abc". */
function parseHeaderLength(text: string, bytes: number): number {
  const length = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(length <= bytes)) throw new ApiError("InvalidHeaderLength", { bytes });
  return length;
}

function parseJson(bytes: Uint8Array): Json {
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

/** `parameters.timeout` in microseconds, as Triton has it; 0 means none. */
function decodeTimeout(parameters: Json): number | null {
  const value = parameters["timeout"] ?? 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ApiError("InvalidField", { field: "parameters.timeout", expected: "a whole number of microseconds" });
  }
  return value === 0 ? null : value;
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

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

function decodeInputs(document: Json, schema: RequestSchema, binary: BinaryCursor, bodyBytes: number): Tensor[] {
  const names = schema.inputs.map((rule) => rule.name);
  const inputs = new Array<Tensor | undefined>(names.length).fill(undefined);
  for (const item of listOf(document, "inputs")) {
    const name = nameOf(item, "inputs");
    const rule = schema.byName.get(name);
    if (rule === undefined) throw new ApiError("UnknownInput", { name, names: quoted(names) });
    if (inputs[rule.index] !== undefined) throw new ApiError("DuplicateInput", { name });
    inputs[rule.index] = decodeInput(item, rule, binary, bodyBytes);
  }
  const missing = inputs.indexOf(undefined);
  if (missing >= 0) throw new ApiError("MissingInput", { name: names[missing] as string, names: quoted(names) });
  return inputs as Tensor[];
}

function decodeInput(item: Json, rule: InputRule, binary: BinaryCursor, bodyBytes: number): Tensor {
  const { name, datatype } = rule;
  if (item["datatype"] !== datatype) {
    throw new ApiError("WrongDatatype", { name, actual: String(item["datatype"]), expected: datatype });
  }
  const shape = decodeShape(item["shape"], rule);
  const data = decodeData(item, rule, shape, binary, bodyBytes);
  const tensor = { name, datatype, shape, data };
  checkValues(tensor, rule);
  return tensor;
}

function decodeShape(value: unknown, rule: InputRule): readonly number[] {
  if (!Array.isArray(value) || value.length !== rule.shape.length) throw wrongShape(value, rule);
  for (let axis = 0; axis < value.length; axis += 1) {
    const size: unknown = value[axis];
    const expected = rule.shape[axis] as number;
    if (!Number.isInteger(size) || (size as number) < 1) throw wrongShape(value, rule);
    if (expected !== -1 && size !== expected) throw wrongShape(value, rule);
  }
  return value as number[];
}

const wrongShape = (value: unknown, { name, shape }: InputRule): ApiError =>
  new ApiError("WrongShape", {
    name,
    actual: Array.isArray(value) ? value.slice(0, 16).map(String).join(", ") : String(value),
    expected: shape.join(", "),
  });

function decodeData(
  item: Json,
  { name, datatype }: InputRule,
  shape: readonly number[],
  binary: BinaryCursor,
  bodyBytes: number,
): Uint8Array {
  const parameters = optionalObject(item, "parameters");
  if (parameters["shared_memory_region"] !== undefined) {
    throw new ApiError("UnsupportedParameter", { name: "shared_memory_region" });
  }
  const size = parameters["binary_data_size"];
  const count = countOf(shape, name);
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
}

function byteSize(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ApiError("InvalidField", { field: "parameters.binary_data_size", expected: "a whole number of bytes" });
  }
  return value;
}

function countOf(shape: readonly number[], name: string): number {
  let count = 1;
  for (const size of shape) count *= size;
  if (count > Number.MAX_SAFE_INTEGER) throw new ApiError("ShapeTooLarge", { name });
  return count;
}

function checkEqualSizes(inputs: readonly Tensor[], { equalAxes }: RequestSchema): void {
  for (const { what, axes } of equalAxes) {
    const first = axes[0];
    if (first === undefined) continue;
    const firstSize = inputs[first.rule.index]?.shape[first.axis] as number;
    for (const { rule, axis } of axes) {
      const secondSize = inputs[rule.index]?.shape[axis] as number;
      if (secondSize === firstSize) continue;
      throw new ApiError("UnequalSizes", { first: first.rule.name, second: rule.name, what, firstSize, secondSize });
    }
  }
}

function decodeOutputs(document: Json, schema: RequestSchema, binaryDefault: boolean): RequestedOutput[] {
  const items = listOf(document, "outputs");
  if (items.length === 0) return schema.outputs.map((name) => ({ name, binary: binaryDefault }));
  const outputs: RequestedOutput[] = [];
  for (const item of items) {
    const name = nameOf(item, "outputs");
    if (!schema.outputs.includes(name)) throw new ApiError("UnknownOutput", { name, names: quoted(schema.outputs) });
    if (outputs.some((output) => output.name === name)) throw new ApiError("DuplicateOutput", { name });
    outputs.push({ name, binary: outputIsBinary(item, binaryDefault) });
  }
  return outputs;
}

const unsupportedOutputParameters = ["classification", "shared_memory_region"] as const;

function outputIsBinary(item: Json, binaryDefault: boolean): boolean {
  const parameters = optionalObject(item, "parameters");
  for (const name of unsupportedOutputParameters) {
    // tritonclient sends `classification: 0` for "none".
    if ((parameters[name] ?? 0) !== 0) throw new ApiError("UnsupportedParameter", { name });
  }
  return optionalBoolean(parameters, "binary_data") ?? binaryDefault;
}
