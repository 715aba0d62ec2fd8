import { readFile } from "node:fs/promises";
import protobuf from "protobufjs";

/**
 * The part of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that describes a graph. Weights are left out on
 * purpose: a decoder steps over fields that it does not know, so a big model costs no memory beyond its file.
 */
const schema = `
  syntax = "proto2";
  message ModelProto { optional int64 ir_version = 1; optional GraphProto graph = 7; }
  message GraphProto {
    repeated NodeProto node = 1;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
    repeated SparseTensorProto sparse_initializer = 15;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message AttributeProto { optional string name = 1; optional int64 i = 3; optional TensorProto t = 5; }
  message TensorProto { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; }
  message SparseTensorProto { optional TensorProto values = 1; }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message TypeProto { optional Tensor tensor_type = 1; }
  message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;
const modelProto = protobuf.parse(schema, { keepCase: true }).root.lookupType("ModelProto");

interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data_type?: number;
  readonly name?: string;
}

interface OnnxAttribute {
  readonly name?: string;
  readonly i?: number;
  readonly t?: OnnxTensor;
}

export interface OnnxNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly op_type?: string;
  readonly attribute: readonly OnnxAttribute[];
}

/** `tensor_type` is absent for sequences, maps and optionals; `shape` for tensors of unknown rank. */
export interface OnnxValue {
  readonly name?: string;
  readonly type?: {
    readonly tensor_type?: {
      readonly elem_type?: number;
      readonly shape?: { readonly dim: readonly { readonly dim_value?: number; readonly dim_param?: string }[] };
    };
  };
}

/** A graph as the file has it, field names included, without its weights. */
export interface OnnxGraph {
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxValue[];
  readonly output: readonly OnnxValue[];
  readonly sparse_initializer: readonly { readonly values?: OnnxTensor }[];
}

/** A model file that cannot be used. The message is a sentence for the user and names the file. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
}

/** Reads the graph of an ONNX file. Throws `ModelFileError` when the file is missing, unreadable or no ONNX model. */
export async function readOnnxGraph(file: string): Promise<OnnxGraph> {
  const bytes = await readModelFile(file);
  try {
    return decodeOnnxGraph(bytes);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ModelFileError(
      `${file} is not an ONNX model, or it is incomplete (${reason}). Copy or export it again and check its size.`,
    );
  }
}

/** Decodes the bytes of an ONNX file. Throws an `Error` that says what is wrong with them. */
export function decodeOnnxGraph(bytes: Uint8Array): OnnxGraph {
  const message = modelProto.decode(bytes);
  const model = modelProto.toObject(message, { longs: Number, arrays: true }) as {
    ir_version?: number;
    graph?: OnnxGraph;
  };
  if (model.ir_version === undefined || model.graph === undefined) throw new Error("it holds no graph");
  if (model.graph.node.length === 0) throw new Error("its graph is empty");
  return model.graph;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist. Check the path",
  ENOTDIR: "does not exist. Check the path",
  EISDIR: "is a folder. Name the .onnx file inside it",
  EACCES: "may not be read by this user. Check its permissions",
  ERR_FS_FILE_TOO_LARGE: "is larger than 2 GiB, more than an ONNX file can hold. Export it with external weights",
};

async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new ModelFileError(`The model file ${file} ${reasons[code] ?? `cannot be read (${code})`}.`);
  }
}
