import type { Tensor } from "../../tensor.ts";
import { ApiError } from "../errors.ts";
import type { InputRule } from "./request-schema.ts";

/**
 * Refuses values that would hurt more than the request that brought them. Throws `ApiError`.
 *
 * - Integers outside the plan's bounds: an id past the end of an embedding table fails the whole batch.
 * - NaN and infinities in floating-point inputs: an engine that computes one scale over a batch (dynamic quantization)
 *   would answer them to every batch-mate.
 */
export function checkValues(tensor: Tensor, rule: InputRule): void {
  if (rule.bounds !== null) checkBounds(tensor, rule.bounds);
  else if (tensor.datatype.startsWith("FP")) checkFinite(tensor);
}

/** All bits of the exponent set means NaN or infinite; integer compares are several times faster than `isFinite`. */
function checkFinite({ name, datatype, data }: Tensor): void {
  if (datatype === "FP32") {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    for (let i = 0; i < words.length; i += 1) {
      if (((words[i] as number) & 0x7f80_0000) === 0x7f80_0000)
        throw new ApiError("NonFiniteInput", { name, index: i });
    }
  } else if (datatype === "FP16") {
    const words = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
    for (let i = 0; i < words.length; i += 1) {
      if (((words[i] as number) & 0x7c00) === 0x7c00) throw new ApiError("NonFiniteInput", { name, index: i });
    }
  } else {
    const values = new Float64Array(data.buffer, data.byteOffset, data.byteLength / 8);
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) throw new ApiError("NonFiniteInput", { name, index });
  }
}

function checkBounds(tensor: Tensor, { minimum, maximum }: { minimum: number; maximum: number }): void {
  const { name } = tensor;
  const values = integerView(tensor);
  const stride = tensor.datatype.endsWith("INT64") ? 2 : 1;
  const high = tensor.datatype === "INT64" ? new Int32Array(values.buffer, values.byteOffset, values.length) : values;
  for (let i = 0; i < values.length; i += stride) {
    const value =
      stride === 1 ? (values[i] as number) : (high[i + 1] as number) * 4_294_967_296 + (values[i] as number);
    if (value < minimum || value > maximum) {
      throw new ApiError("OutOfBounds", { name, index: i / stride, value, minimum, maximum });
    }
  }
}

type Words = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** The integers of a tensor; 64-bit ones as unsigned halves, low half first. */
function integerView({ datatype, data }: Tensor): Words {
  const { buffer, byteOffset, byteLength } = data;
  switch (datatype) {
    case "INT8":
      return new Int8Array(buffer, byteOffset, byteLength);
    case "INT16":
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case "UINT16":
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case "INT32":
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case "UINT32":
    case "INT64":
    case "UINT64":
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    default:
      return data;
  }
}
