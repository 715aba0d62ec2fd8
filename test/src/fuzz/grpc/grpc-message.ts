import { gzipSync } from "node:zlib";
import type { FuzzTensor } from "../http-message.ts";
import { frameBytes, frameTypes, type Http2Frame, preface, requestFrames } from "./http2-frames.ts";
import { bytes, type Field, fixed64, integer, type Message, message, write } from "./protobuf-tree.ts";

/** One call as data. */
export interface GrpcMessage {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The first byte before a message: 1 says that it is compressed. */
  readonly flag: number;
  readonly fields: Message;
  /** Sent in place of the fields, as it is. */
  readonly content?: Uint8Array;
  /** Done to the bytes of the fields. */
  readonly coding: "identity" | "gzip";
  /** Written in place of the number of bytes that follow. */
  readonly length?: number;
}

/** The bytes of the message itself, before any compression. */
export const clearBytes = ({ fields }: GrpcMessage): Buffer => write(fields);

/** The length-prefixed message, as it goes into DATA frames. */
function prefixedMessage(call: GrpcMessage): Buffer {
  const clear = clearBytes(call);
  const content = call.content ?? (call.coding === "gzip" ? gzipSync(clear) : clear);
  const head = Buffer.alloc(5);
  head.writeUInt8(call.flag, 0);
  head.writeUInt32BE(call.length ?? content.length, 1);
  return Buffer.concat([head, content]);
}

const settings: Http2Frame = { type: frameTypes.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) };

/** A connection's bytes: what a client says first, then frames. */
export const connectionBytes = (frames: readonly Http2Frame[]): Buffer =>
  Buffer.concat([preface, ...[settings, ...frames].map(frameBytes)]);

export const callFrames = (call: GrpcMessage, stream: number): Http2Frame[] =>
  requestFrames(call.headers, prefixedMessage(call), stream);

const inference = "/inference.GRPCInferenceService";
const health = "/grpc.health.v1.Health";

const call = (path: string, fields: Message = [], compressed = false): GrpcMessage => ({
  headers: [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "127.0.0.1"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...(compressed ? [["grpc-encoding", "gzip"] as const] : []),
  ],
  flag: compressed ? 1 : 0,
  fields,
  coding: compressed ? "gzip" : "identity",
});

const tensorHead = ({ name, datatype, shape }: FuzzTensor): Field[] => [
  bytes(1, name),
  bytes(2, datatype),
  ...shape.map((size) => integer(3, size)),
];

const bytesOf = ({ datatype, values }: FuzzTensor): Uint8Array =>
  new Uint8Array((datatype === "INT64" ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)).buffer);

/** `InferTensorContents`: 64-bit integers one by one, floats packed. */
const contents = (tensor: FuzzTensor): Field =>
  message(
    5,
    tensor.datatype === "INT64" ? tensor.values.map((value) => integer(3, value)) : [bytes(6, bytesOf(tensor))],
  );

const parameter = (number: number, key: string, value: Field): Field =>
  message(number, [bytes(1, key), message(2, [value])]);

/** Well-formed calls of every kind that the server knows and ends by itself, all of which it answers well. */
export function wellFormedCalls(model: string, tensors: readonly FuzzTensor[]): GrpcMessage[] {
  const infer = `${inference}/ModelInfer`;
  const named = [bytes(1, model)];
  const typed = tensors.map((tensor) => message(5, [...tensorHead(tensor), contents(tensor)]));
  const raw = [
    ...tensors.map((tensor) => message(5, tensorHead(tensor))),
    ...tensors.map((tensor) => bytes(7, bytesOf(tensor))),
  ];
  const parameters = [
    parameter(4, "timeout", integer(2, 60_000_000)),
    parameter(4, "note", bytes(3, "x")),
    parameter(4, "share", fixed64(4, 0.5)),
  ];
  const asking = ["ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"];
  return [
    call(infer, [...named, bytes(3, "7"), ...typed, ...parameters]),
    call(infer, [...named, bytes(2, "1"), ...raw, ...parameters]),
    call(infer, [...named, ...raw], true),
    ...["ServerLive", "ServerReady", "ServerMetadata"].map((name) => call(`${inference}/${name}`)),
    ...asking.map((name) => call(`${inference}/${name}`, [...named, bytes(2, "1")])),
    call(`${health}/Check`, [bytes(1, "inference.GRPCInferenceService")]),
  ];
}

/** A well-formed call that goes on until the client ends it. */
export const watchCall = call(`${health}/Watch`, [bytes(1, "")]);
