import type { Tensor } from "../../tensor.ts";
import { ApiError } from "../errors.ts";
import { checkValues } from "./check-values.ts";
import type { InputRule, RequestSchema } from "./request-schema.ts";

/** One output that the client wants, and how. */
export interface RequestedOutput {
  readonly name: string;
  /** Only HTTP can send an output as text; gRPC answers are always bytes. */
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

/** What a client says of one input, in whatever form its protocol has; nothing of it is believed yet. */
export interface ClaimedInput {
  readonly name: string;
  readonly datatype: unknown;
  readonly shape: unknown;
}

/**
 * Reads the data of an input whose name, datatype and shape are found to be right: the little-endian bytes of exactly
 * `count` elements, at an address that a typed array can look at. Throws `ApiError`.
 */
export type DataReader<Claim extends ClaimedInput> = (
  claim: Claim,
  rule: InputRule,
  shape: readonly number[],
  count: number,
) => Uint8Array;

/** Requests with an input of BYTES are for the pipeline of a plan that has one; all others bring tensors. */
export function schemaFor(claims: readonly ClaimedInput[], schema: RequestSchema): RequestSchema {
  const { encoded } = schema;
  return encoded !== null && claims.some(({ datatype }) => datatype === "BYTES") ? encoded : schema;
}

/**
 * Checks named tensors against the model: names, datatypes, shapes, sizes that must be equal, and values. The one way
 * into an engine, for every protocol. Gives them in the order of the model's signature. Throws `ApiError`.
 */
export function checkInputs<Claim extends ClaimedInput>(
  claims: readonly Claim[],
  schema: RequestSchema,
  readData: DataReader<Claim>,
): Tensor[] {
  const names = schema.inputs.map((rule) => rule.name);
  const inputs = new Array<Tensor | undefined>(names.length).fill(undefined);
  for (const claim of claims) {
    const { name } = claim;
    const rule = schema.byName.get(name);
    if (rule === undefined) throw new ApiError("UnknownInput", { name, names: quoted(names) });
    if (inputs[rule.index] !== undefined) throw new ApiError("DuplicateInput", { name });
    inputs[rule.index] = checkInput(claim, rule, readData);
  }
  const missing = inputs.indexOf(undefined);
  if (missing >= 0) throw new ApiError("MissingInput", { name: names[missing] as string, names: quoted(names) });
  checkEqualSizes(inputs as Tensor[], schema);
  return inputs as Tensor[];
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

function checkInput<Claim extends ClaimedInput>(claim: Claim, rule: InputRule, readData: DataReader<Claim>): Tensor {
  const { name, datatype } = rule;
  if (claim.datatype !== datatype) {
    throw new ApiError("WrongDatatype", { name, actual: inWords(claim.datatype), expected: datatype });
  }
  const shape = checkShape(claim.shape, rule);
  const data = readData(claim, rule, shape, countOf(shape, name));
  const tensor = { name, datatype, shape, data };
  checkValues(tensor, rule);
  return tensor;
}

function checkShape(value: unknown, rule: InputRule): readonly number[] {
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
    actual: Array.isArray(value) ? value.slice(0, 16).map(inWords).join(", ") : inWords(value),
    expected: shape.join(", "),
  });

/** A client's value for an error text. `String` itself fails on an object with a `toString` and on very deep lists. */
function inWords(value: unknown): string {
  return typeof value === "object" && value !== null ? "a list or an object" : String(value);
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

/** The outputs to answer: those that are requested, or all that are served. Throws `ApiError`. */
export function checkOutputs(
  requested: readonly RequestedOutput[],
  schema: RequestSchema,
  binaryDefault: boolean,
): readonly RequestedOutput[] {
  if (requested.length === 0) return schema.outputs.map((name) => ({ name, binary: binaryDefault }));
  const seen = new Set<string>();
  for (const { name } of requested) {
    if (!schema.outputs.includes(name)) throw new ApiError("UnknownOutput", { name, names: quoted(schema.outputs) });
    if (seen.has(name)) throw new ApiError("DuplicateOutput", { name });
    seen.add(name);
  }
  return requested;
}

/** A client's parameters, by name. */
export type Parameters = Readonly<Record<string, unknown>>;

/** `timeout` in microseconds, as Triton has it; 0 means none and gives null. Throws `ApiError`. */
export function checkTimeout(parameters: Parameters): number | null {
  const value = parameters["timeout"] ?? 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ApiError("InvalidField", { field: "parameters.timeout", expected: "a whole number of microseconds" });
  }
  return value === 0 ? null : value;
}

/** Throws `ApiError` where an input asks for what Triton has and this server has not. */
export function checkInputParameters(parameters: Parameters): void {
  if (parameters["shared_memory_region"] === undefined) return;
  throw new ApiError("UnsupportedParameter", { name: "shared_memory_region" });
}

const unsupportedOutputParameters = ["classification", "shared_memory_region"] as const;

/** Likewise for a requested output. `tritonclient` sends `classification: 0` for "none". */
export function checkOutputParameters(parameters: Parameters): void {
  for (const name of unsupportedOutputParameters) {
    if ((parameters[name] ?? 0) !== 0) throw new ApiError("UnsupportedParameter", { name });
  }
}
