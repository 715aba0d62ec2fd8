import { Datatype } from "@sweetspot/crds";
import { ApiError } from "../protocol/errors.ts";
import { BinaryCursor, binaryElements } from "../protocol/oip/binary-elements.ts";
import { elementsJson } from "../protocol/oip/encode-response.ts";
import { encodeElements, flatten } from "../protocol/oip/json-elements.ts";
import { elementCount, type Tensor } from "../tensor.ts";

/** A body of the Open Inference Protocol over HTTP; `headerLength` is null where it is JSON only. */
export interface InferBody {
  readonly chunks: readonly Uint8Array[];
  readonly headerLength: number | null;
}

/** Encodes a request. `binary`: with the binary tensor extension, both ways. */
export function encodeInferBody(inputs: readonly Tensor[], outputs: readonly string[], binary: boolean): InferBody {
  const document = {
    inputs: inputs.map(({ name, datatype, shape, data }) => ({
      name,
      datatype,
      shape,
      ...(binary && { parameters: { binary_data_size: data.length } }),
    })),
    outputs: outputs.map((name) => ({ name, parameters: { binary_data: binary } })),
  };
  if (!binary) return { chunks: [Buffer.from(withData(document, inputs))], headerLength: null };
  const header = Buffer.from(JSON.stringify(document));
  return { chunks: [header, ...inputs.map(({ data }) => data)], headerLength: header.length };
}

function withData(
  document: { inputs: readonly object[]; outputs: readonly { name: string }[] },
  inputs: readonly Tensor[],
) {
  const items = inputs.map(
    (tensor, i) => `${JSON.stringify(document.inputs[i]).slice(0, -1)},"data":[${elementsJson(tensor)}]}`,
  );
  const outputs = document.outputs.map(({ name }) => ({ name }));
  return `{"inputs":[${items.join(",")}],"outputs":${JSON.stringify(outputs)}}`;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Decodes an answer and gives the outputs in the order of `names`. The bytes are untrusted: sizes are checked against
 * shapes and the body before anything is allocated. Throws `ApiError` for what is no answer to such a request.
 */
export function decodeInferBody(body: Uint8Array, headerLength: number | null, names: readonly string[]): Tensor[] {
  const jsonBytes = headerLength ?? body.length;
  if (!(jsonBytes <= body.length)) throw new ApiError("InvalidHeaderLength", { bytes: body.length });
  const document = parse(body.subarray(0, jsonBytes));
  const cursor = new BinaryCursor(body, jsonBytes);
  const list = Array.isArray(document["outputs"]) ? (document["outputs"] as unknown[]) : [];
  const tensors = list.map((item) => decodeOutput(objectOf(item, "outputs"), cursor, body.length));
  return names.map((name) => {
    const tensor = tensors.find((one) => one.name === name);
    if (tensor === undefined) throw new ApiError("InvalidField", { field: "outputs", expected: `with '${name}'` });
    return tensor;
  });
}

function parse(bytes: Uint8Array): Json {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return objectOf(JSON.parse(buffer.toString("utf8")), "answer");
  } catch {
    throw new ApiError("InvalidJson");
  }
}

function decodeOutput(item: Json, cursor: BinaryCursor, bodyBytes: number): Tensor {
  const name = String(item["name"]);
  const datatype = Datatype.safeParse(item["datatype"]);
  const shape = item["shape"];
  if (!datatype.success)
    throw new ApiError("InvalidField", { field: `datatype of '${name}'`, expected: "a known one" });
  if (!isShape(shape)) throw new ApiError("InvalidField", { field: `shape of '${name}'`, expected: "sizes" });
  const count = elementCount(shape);
  if (!(count <= 8 * bodyBytes))
    throw new ApiError("InvalidField", { field: `shape of '${name}'`, expected: "smaller" });
  const parameters = objectOf(item["parameters"] ?? {}, "parameters");
  const size = parameters["binary_data_size"];
  const data =
    typeof size === "number" && size >= 0
      ? binaryElements(datatype.data, cursor.take(size, name), count, name)
      : encodeElements(datatype.data, flatten(item["data"], shape, count, name), name);
  return { name, datatype: datatype.data, shape, data };
}

function objectOf(value: unknown, field: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ApiError("InvalidField", { field, expected: "an object" });
}

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 64 && value.every((size) => Number.isSafeInteger(size) && size >= 0);
