import type { Datatype, TextPipeline } from "@sweetspot/crds";
import type { ModelSignature, TensorSpec } from "../model/signature.ts";
import type { Tensor } from "../tensor.ts";

/** One row, ready for the model. */
export interface PreparedRow {
  /** In the order of the model's signature. */
  readonly inputs: readonly Tensor[];
  /** Tokens of a text, the special ones included, filling excluded; 0 for images. */
  readonly tokens: number;
}

/** What one input is filled with. */
interface Filling {
  readonly spec: TensorSpec;
  readonly source: keyof TextPipeline["inputs"];
}

/** Token ids as they come from a tokenizer or a client; without segments all are 0. */
export interface TokenIds {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array | null;
}

/**
 * Prepares the function that builds one row out of token ids. A model that takes one length only gets filled up with
 * `padding`. Throws `Error` where plan and model do not fit together.
 */
export function textRows(
  { inputs, maximumTokens }: TextPipeline,
  signature: ModelSignature,
  padding: number,
): (tokens: TokenIds) => PreparedRow {
  const fillings = signature.inputs.map((spec) => fillingOf(spec, inputs));
  for (const name of Object.values(inputs)) {
    if (!signature.inputs.some((spec) => spec.name === name))
      throw new Error(`pipeline names the unknown input ${name}`);
  }
  const fixed = fillings.map(({ spec }) => spec.shape[1] as number).find((size) => size !== -1);
  if (fixed !== undefined && fixed < maximumTokens) {
    throw new Error(`the model takes ${fixed} tokens, but maximumTokens is ${maximumTokens}`);
  }
  return ({ ids, typeIds }) => {
    const length = fixed ?? ids.length;
    const inputs = fillings.map(({ spec: { name, datatype }, source }) => {
      const values = valuesOf(source, ids, typeIds);
      return {
        name,
        datatype,
        shape: [1, length],
        data: integers(datatype, values, length, source === "ids" ? padding : 0),
      };
    });
    return { inputs, tokens: ids.length };
  };
}

function fillingOf(spec: TensorSpec, inputs: TextPipeline["inputs"]): Filling {
  const sources = Object.keys(inputs) as (keyof typeof inputs)[];
  const source = sources.find((each) => inputs[each] === spec.name);
  if (source === undefined) throw new Error(`pipeline does not fill the input ${spec.name}`);
  const fits = spec.shape.length === 2 && (spec.datatype === "INT64" || spec.datatype === "INT32");
  if (!fits) throw new Error(`tokens cannot fill the input ${spec.name}, which is no [rows, tokens] of INT64 or INT32`);
  return { spec, source };
}

function valuesOf(source: Filling["source"], ids: Int32Array, typeIds: Int32Array | null): Int32Array {
  if (source === "ids") return ids;
  if (source === "typeIds") return typeIds ?? new Int32Array(ids.length);
  return source === "mask" ? new Int32Array(ids.length).fill(1) : Int32Array.from(ids.keys());
}

/** Little-endian bytes of `length` integers: the values, then the filling. No value is negative. */
function integers(datatype: Datatype, values: Int32Array, length: number, filling: number): Uint8Array {
  const words = datatype === "INT64" ? 2 : 1;
  const out = new Int32Array(length * words);
  for (let i = 0; i < length; i += 1) out[i * words] = i < values.length ? (values[i] as number) : filling;
  return new Uint8Array(out.buffer);
}
