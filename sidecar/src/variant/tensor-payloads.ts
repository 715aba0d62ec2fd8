import protobuf from "protobufjs";

/**
 * A tensor of a model file and where its elements lie there. Field numbers are those of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export interface TensorPayload {
  readonly name: string;
  /** `TensorProto.DataType`: 1 FP32, 2 UINT8, 3 INT8. */
  readonly type: number;
  readonly dims: readonly number[];
  /** Bytes of the little-endian elements: `raw_data`, or packed `float_data`. `start` is an offset in the file. */
  readonly start: number;
  readonly end: number;
}

/** What a walk through a model file finds. */
export interface ModelPayloads {
  /** In the order of the file. Tensors in any other form, such as integers as varints, are left out. */
  readonly tensors: readonly TensorPayload[];
  /** Some weights lie in files beside the model. */
  readonly external: boolean;
}

type Reader = protobuf.Reader;
/** What to do with a field of a message; fields that are not named are stepped over. */
type Fields<S> = Readonly<Record<number, (reader: Reader, wireType: number, state: S) => void>>;

const lengthDelimited = 2;

interface Walk {
  readonly tensors: TensorPayload[];
  external: boolean;
}

interface Tensor {
  name: string;
  type: number;
  dims: number[];
  start: number;
  end: number;
  external: boolean;
}

/** Walks all initializers and attributes, nested graphs and functions included. Throws for bytes that are no model. */
export function tensorPayloads(file: Uint8Array): ModelPayloads {
  const walk: Walk = { tensors: [], external: false };
  readFields(protobuf.Reader.create(file), file.length, modelFields, walk);
  return walk;
}

function readFields<S>(reader: Reader, end: number, fields: Fields<S>, state: S): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const read = fields[tag >>> 3];
    if (read === undefined) reader.skipType(tag & 7);
    else read(reader, tag & 7, state);
  }
  if (reader.pos !== end) throw new Error("a field reaches over the end of its message");
}

const message =
  <S>(fields: () => Fields<S>) =>
  (reader: Reader, _wireType: number, state: S): void => {
    const length = reader.uint32();
    readFields(reader, reader.pos + length, fields(), state);
  };

const tensor = (reader: Reader, _wireType: number, walk: Walk): void => {
  const length = reader.uint32();
  const found: Tensor = { name: "", type: 0, dims: [], start: 0, end: 0, external: false };
  readFields(reader, reader.pos + length, tensorFields, found);
  const { external, ...payload } = found;
  if (external) walk.external = true;
  else if (payload.end > payload.start) walk.tensors.push(payload);
};

function bytesInto(reader: Reader, state: Tensor): void {
  const length = reader.uint32();
  state.start = reader.pos;
  reader.skip(length);
  state.end = reader.pos;
}

const tensorFields: Fields<Tensor> = {
  1: (reader, wireType, state) => {
    if (wireType !== lengthDelimited) state.dims.push(Number(reader.int64()));
    else for (const end = reader.uint32() + reader.pos; reader.pos < end; ) state.dims.push(Number(reader.int64()));
  },
  2: (reader, _, state) => {
    state.type = reader.int32();
  },
  4: (reader, wireType, state) => {
    if (wireType === lengthDelimited) bytesInto(reader, state);
    else reader.skipType(wireType);
  },
  8: (reader, _, state) => {
    state.name = reader.string();
  },
  9: (reader, _, state) => bytesInto(reader, state),
  14: (reader, _, state) => {
    state.external = reader.int32() === 1;
  },
};
const sparseTensorFields: Fields<Walk> = { 1: tensor, 2: tensor };
const attributeFields: Fields<Walk> = {
  5: tensor,
  6: message(() => graphFields),
  10: tensor,
  11: message(() => graphFields),
  22: message(() => sparseTensorFields),
  23: message(() => sparseTensorFields),
};
const nodeFields: Fields<Walk> = { 5: message(() => attributeFields) };
const graphFields: Fields<Walk> = {
  1: message(() => nodeFields),
  5: tensor,
  15: message(() => sparseTensorFields),
};
const functionFields: Fields<Walk> = { 7: message(() => nodeFields) };
const modelFields: Fields<Walk> = { 7: message(() => graphFields), 25: message(() => functionFields) };
