import type { ClaimedInput, Parameters } from "../oip/check-request.ts";
import {
  decodeWire,
  type Fields,
  MessageWalk,
  readInteger,
  readString,
  readUnsigned,
  tagOf,
  wireTypes,
} from "./wire.ts";

/** An input of a `ModelInferRequest`, or an output of a `ModelInferResponse`. */
export interface InputMessage extends ClaimedInput {
  readonly parameters: Parameters;
  /** The `InferTensorContents` as they came, to be read when datatype and count are known; null where there are none. */
  readonly contents: Uint8Array | null;
}

interface OutputMessage {
  readonly name: string;
  readonly parameters: Parameters;
}

/** A `ModelInferRequest` whose fields are told apart; nothing of it is checked against a model. */
export interface InferMessage {
  modelName: string;
  modelVersion: string;
  id: string;
  readonly parameters: Record<string, unknown>;
  readonly inputs: InputMessage[];
  readonly outputs: OutputMessage[];
  readonly rawContents: Uint8Array[];
}

const { varint, fixed64, lengthDelimited } = wireTypes;
/** Tags of varints, and of whatever has a length. */
const number = (field: number): number => tagOf(field, varint);
const sized = (field: number): number => tagOf(field, lengthDelimited);

type ParameterTable = Record<string, unknown>;
/** Without a prototype, whose names are no parameters. */
const noParameters = (): ParameterTable => Object.create(null) as ParameterTable;

/**
 * Reads a `ModelInferRequest`. It is done by hand because the data of tensors must not become one object per element:
 * tensors stay slices of `bytes`. Throws `ApiError`.
 */
export function readInferMessage(bytes: Uint8Array): InferMessage {
  const message: InferMessage = {
    modelName: "",
    modelVersion: "",
    id: "",
    parameters: noParameters(),
    inputs: [],
    outputs: [],
    rawContents: [],
  };
  return decodeWire("ModelInferRequest", () => new MessageWalk().over(bytes, message, requestFields));
}

const requestFields: Fields<InferMessage> = {
  [sized(1)]: (reader, message) => {
    message.modelName = readString(reader);
  },
  [sized(2)]: (reader, message) => {
    message.modelVersion = readString(reader);
  },
  [sized(3)]: (reader, message) => {
    message.id = readString(reader);
  },
  [sized(4)]: (reader, { parameters }, walk) => addParameter(reader.bytes(), walk, parameters),
  [sized(5)]: (reader, { inputs }, walk) => inputs.push(readTensor(reader.bytes(), walk)),
  [sized(6)]: (reader, { outputs }, walk) => outputs.push(readOutput(reader.bytes(), walk)),
  [sized(7)]: (reader, { rawContents }) => rawContents.push(reader.bytes()),
};

/** An `InferInputTensor` or an `InferOutputTensor`: their fields have the same numbers. */
export const readTensor = (bytes: Uint8Array, walk: MessageWalk): InputMessage =>
  walk.over(bytes, { name: "", datatype: "", shape: [], parameters: noParameters(), contents: null }, inputFields);

interface Mutable {
  name: string;
  datatype: string;
  readonly shape: number[];
  readonly parameters: ParameterTable;
  contents: Uint8Array | null;
}

const inputFields: Fields<Mutable> = {
  [sized(1)]: (reader, input) => {
    input.name = readString(reader);
  },
  [sized(2)]: (reader, input) => {
    input.datatype = readString(reader);
  },
  [number(3)]: (reader, { shape }) => addSize(readInteger(reader), shape),
  [sized(3)]: (reader, { shape }) => {
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) addSize(readInteger(reader), shape);
  },
  [sized(4)]: (reader, { parameters }, walk) => addParameter(reader.bytes(), walk, parameters),
  [sized(5)]: (reader, input) => {
    // protobuf would merge the two; no client sends one message in parts.
    if (input.contents !== null) throw new Error("contents are given twice");
    input.contents = reader.bytes();
  },
};

const mostAxes = 64;

function addSize(size: number, shape: number[]): void {
  if (shape.length === mostAxes) throw new Error("a shape has too many axes");
  shape.push(size);
}

const readOutput = (bytes: Uint8Array, walk: MessageWalk): OutputMessage =>
  walk.over(bytes, { name: "", parameters: noParameters() }, outputFields);

const outputFields: Fields<{ name: string; readonly parameters: ParameterTable }> = {
  [sized(1)]: (reader, output) => {
    output.name = readString(reader);
  },
  [sized(2)]: (reader, { parameters }, walk) => addParameter(reader.bytes(), walk, parameters),
};

interface Entry {
  key: string;
  value: unknown;
}

/** One entry of `map<string, InferParameter>`. */
function addParameter(bytes: Uint8Array, walk: MessageWalk, parameters: ParameterTable): void {
  const { key, value } = walk.over<Entry>(bytes, { key: "", value: undefined }, entryFields);
  parameters[key] = value;
}

const entryFields: Fields<Entry> = {
  [sized(1)]: (reader, entry) => {
    entry.key = readString(reader);
  },
  [sized(2)]: (reader, entry, walk) => {
    walk.over(reader.bytes(), entry, valueFields);
  },
};

/** The kinds of an `InferParameter`. */
const valueFields: Fields<Entry> = {
  [number(1)]: (reader, entry) => {
    entry.value = reader.bool();
  },
  [number(2)]: (reader, entry) => {
    entry.value = readInteger(reader);
  },
  [sized(3)]: (reader, entry) => {
    entry.value = readString(reader);
  },
  [tagOf(4, fixed64)]: (reader, entry) => {
    entry.value = reader.double();
  },
  [number(5)]: (reader, entry) => {
    entry.value = readUnsigned(reader);
  },
};
