import { elementBytes } from "../../tensor.ts";
import { ApiError } from "../errors.ts";
import { binaryElements } from "./binary-elements.ts";
import { checkInputs, checkOutputs, type InferRequest } from "./check-request.ts";
import type { InputRule, RequestSchema } from "./request-schema.ts";

/**
 * Decodes a body that is nothing but the data of the model's only input, as Triton takes it with
 * `Inference-Header-Content-Length: 0`: one row, whose one variable axis follows from the number of bytes; for `BYTES`
 * the whole body is the one element. All outputs are answered in binary. With a pipeline the body is the text or the
 * encoded image. Throws `ApiError`.
 */
export function decodeRaw(body: Uint8Array, schema: RequestSchema): InferRequest {
  const chosen = schema.encoded ?? schema;
  const [rule] = chosen.inputs;
  if (rule === undefined || chosen.inputs.length > 1) throw new ApiError("RawBodyUnfit");
  const { name, datatype } = rule;
  const claim = { name, datatype, shape: shapeOf(rule, body.length) };
  const inputs = checkInputs([claim], chosen, (_claim, _rule, _shape, count) =>
    datatype === "BYTES" ? oneString(body) : binaryElements(datatype, body, count, name),
  );
  return { id: null, inputs, outputs: checkOutputs([], chosen, true), timeoutMicroseconds: null };
}

/** The shape of one row of `bytes`. Throws `ApiError` where it does not follow from them. */
function shapeOf({ shape, datatype }: InputRule, bytes: number): number[] {
  // A variable axis 0 counts the rows of a model with one input.
  const row = shape.map((size, axis) => (axis === 0 && size === -1 ? 1 : size));
  const width = elementBytes(datatype);
  if (width === null) {
    if (row.some((size) => size > 1)) throw new ApiError("RawBodyUnfit");
    return row.map(() => 1);
  }
  const variable = row.filter((size) => size === -1).length;
  if (variable === 0) return row;
  const fixedBytes = row.reduce((product, size) => (size === -1 ? product : product * size), width);
  const size = bytes / fixedBytes;
  if (variable > 1 || size < 1 || !Number.isInteger(size)) throw new ApiError("RawBodyUnfit");
  return row.map((own) => (own === -1 ? size : own));
}

/** An element of a `BYTES` tensor: its length in four bytes before it. */
function oneString(body: Uint8Array): Uint8Array {
  const element = Buffer.allocUnsafe(4 + body.length);
  element.writeUInt32LE(body.length);
  element.set(body, 4);
  return element;
}
