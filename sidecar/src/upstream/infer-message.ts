import { Datatype } from "@sweetspot/crds";
import protobuf from "protobufjs";
import { ApiError } from "../protocol/errors.ts";
import { writeTensorHead } from "../protocol/grpc/encode-infer.ts";
import { type InputMessage, readTensor } from "../protocol/grpc/infer-message.ts";
import { readContents } from "../protocol/grpc/typed-contents.ts";
import { decodeWire, type Fields, MessageWalk, tagOf, wireTypes } from "../protocol/grpc/wire.ts";
import { binaryElements } from "../protocol/oip/binary-elements.ts";
import { elementCount, type Tensor } from "../tensor.ts";
import type { ModelAddress } from "./model-address.ts";

const sized = (field: number): number => tagOf(field, wireTypes.lengthDelimited);

/** Encodes a `ModelInferRequest` with raw contents. */
export function encodeInferRequest(
  { model, version }: Pick<ModelAddress, "model" | "version">,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): Buffer {
  const head = protobuf.Writer.create().uint32(sized(1)).string(model);
  if (version !== null) head.uint32(sized(2)).string(version);
  for (const tensor of inputs) writeTensorHead(head.uint32(sized(5)).fork(), tensor).ldelim();
  for (const name of outputs) head.uint32(sized(6)).fork().uint32(sized(1)).string(name).ldelim();
  const parts: Uint8Array[] = [head.finish()];
  for (const { data } of inputs) {
    parts.push(protobuf.Writer.create().uint32(sized(7)).uint32(data.length).finish(), data);
  }
  return Buffer.concat(parts);
}

interface ResponseMessage {
  readonly outputs: InputMessage[];
  readonly raw: Uint8Array[];
}

const responseFields: Fields<ResponseMessage> = {
  [sized(5)]: (reader, { outputs }, walk) => outputs.push(readTensor(reader.bytes(), walk)),
  [sized(6)]: (reader, { raw }) => raw.push(reader.bytes()),
};

/**
 * Decodes a `ModelInferResponse`, raw or typed, and gives the outputs in the order of `names`. Throws `ApiError` for what is
 * no answer to such a request.
 */
export function decodeInferResponse(bytes: Uint8Array, names: readonly string[]): Tensor[] {
  const message: ResponseMessage = { outputs: [], raw: [] };
  decodeWire("ModelInferResponse", () => new MessageWalk().over(bytes, message, responseFields));
  const tensors = message.outputs.map((output, index) => tensorOf(output, message.raw[index]));
  return names.map((name) => {
    const tensor = tensors.find((one) => one.name === name);
    if (tensor === undefined) throw new ApiError("InvalidField", { field: "outputs", expected: `with '${name}'` });
    return tensor;
  });
}

function tensorOf({ name, datatype: text, shape, contents }: InputMessage, raw: Uint8Array | undefined): Tensor {
  const { data: datatype } = Datatype.safeParse(text);
  if (datatype === undefined || !isShape(shape)) {
    throw new ApiError("InvalidField", { field: `output '${name}'`, expected: "of a known datatype and shape" });
  }
  const count = elementCount(shape);
  const rule = { index: 0, name, datatype, shape, bounds: null };
  const data =
    raw === undefined
      ? readContents(contents ?? new Uint8Array(), rule, shape, count)
      : binaryElements(datatype, raw, count, name);
  return { name, datatype, shape, data };
}

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
