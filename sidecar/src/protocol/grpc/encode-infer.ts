import protobuf from "protobufjs";
import type { Tensor } from "../../tensor.ts";
import { modelVersion } from "../oip/encode-response.ts";

/** Tags of protobuf: field number and the wire type of what has a length. */
const tag = (field: number): number => (field << 3) | 2;

/**
 * Encodes a `ModelInferResponse` with the outputs in the order in which they were requested. Data is always raw, also for
 * a typed request: Triton answers so, and its clients read nothing else.
 */
export function encodeInfer(
  modelName: string,
  id: string | null,
  outputs: readonly Tensor[],
  requested: readonly { readonly name: string }[],
): Buffer {
  const answered = requested.map(({ name }) => outputs.find((output) => output.name === name) as Tensor);
  const head = protobuf.Writer.create();
  head.uint32(tag(1)).string(modelName).uint32(tag(2)).string(modelVersion);
  if (id !== null) head.uint32(tag(3)).string(id);
  for (const tensor of answered) writeTensorHead(head.uint32(tag(5)).fork(), tensor).ldelim();
  const parts: Uint8Array[] = [head.finish()];
  for (const { data } of answered) {
    parts.push(protobuf.Writer.create().uint32(tag(6)).uint32(data.length).finish(), data);
  }
  return Buffer.concat(parts);
}

/** Name, datatype and shape, whose fields have the same numbers in inputs and outputs. */
export function writeTensorHead(writer: protobuf.Writer, { name, datatype, shape }: Tensor): protobuf.Writer {
  writer.uint32(tag(1)).string(name).uint32(tag(2)).string(datatype).uint32(tag(3)).fork();
  for (const size of shape) writer.int64(size);
  return writer.ldelim();
}
