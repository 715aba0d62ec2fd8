import { gzipSync } from "node:zlib";
import type { Choices } from "../choices.ts";
import type { FuzzInput } from "../fuzz-target.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { callFrames, clearBytes, connectionBytes, type GrpcMessage } from "./grpc-message.ts";
import type { Http2Frame } from "./http2-frames.ts";
import { mutateFrames } from "./mutate-frames.ts";
import { mutateProtobuf } from "./mutate-protobuf.ts";

/** Headers that change how a call is read, with values that servers have read differently. */
const nastyHeaders: Readonly<Record<string, readonly string[]>> = {
  ":method": ["GET", "PUT", "OPTIONS", "CONNECT", ""],
  ":path": [
    "",
    "*",
    "/",
    "/inference.GRPCInferenceService/RepositoryIndex",
    "/inference.GRPCInferenceService/",
    "/../../x/y",
    "/grpc.health.v1.Health/Watch",
    `/${"a/".repeat(2000)}`,
  ],
  ":scheme": ["https", "", "file"],
  ":authority": ["", "a b", "[::1"],
  "content-type": ["application/json", "application/grpc+proto", "application/grpc-web", "", "x"],
  te: ["", "gzip", "trailers, x"],
  "grpc-encoding": ["gzip", "deflate", "identity", "snappy", "x", ""],
  "grpc-accept-encoding": ["gzip", "x", ""],
  "grpc-timeout": ["0n", "1n", "1m", "1S", "99999999H", "100000000H", "-1S", "1", "S", "1.5S", "", "5x"],
  "content-length": ["0", "1", "-1", "99999999999", "x"],
  "transfer-encoding": ["chunked"],
  connection: ["close", "upgrade"],
  host: ["x", ""],
  "x-data-bin": ["!!!", "AA", "A===", "\u00ff"],
  "x-long": ["a".repeat(15_000), "a".repeat(70_000)],
  "X-Upper": ["1"],
  "bad name": ["1"],
  "": ["1"],
  "x-control": ["\u0001", "a\u0000b", "a\r\nb: c", " x "],
};

type Mutation = (call: GrpcMessage, choices: Choices) => GrpcMessage;

const withFields: Mutation = (call, choices) => ({ ...call, fields: mutateProtobuf(call.fields, choices) });

/** Inflates to twenty million bytes. */
const bomb = gzipSync(Buffer.alloc(20_000_000));

const compressedBy =
  (make: (clear: Buffer, choices: Choices) => Uint8Array): Mutation =>
  (call, choices) => ({
    ...call,
    flag: 1,
    headers: [...call.headers, ["grpc-encoding", "gzip"]],
    content: make(clearBytes(call), choices),
  });

const mutations: readonly Mutation[] = [
  // What is behind everything else must be reached oftener.
  ...Array<Mutation>(12).fill(withFields),
  (call, choices) => {
    const name = choices.of(Object.keys(nastyHeaders));
    return { ...call, headers: [...call.headers, [name, choices.of(nastyHeaders[name] ?? [""])]] };
  },
  (call, choices) => {
    const at = choices.below(call.headers.length);
    const [name = "", old = ""] = call.headers[at] ?? [];
    const value = choices.of([...(nastyHeaders[name] ?? ["x"]), `${old}x`]);
    return { ...call, headers: call.headers.with(at, [name, value]) };
  },
  (call, choices) => ({ ...call, headers: call.headers.toSpliced(choices.below(call.headers.length), 1) }),
  (call, choices) => {
    const at = choices.below(call.headers.length);
    return { ...call, headers: [...call.headers, call.headers[at] ?? ["x", "x"]] };
  },
  (call) => ({ ...call, headers: [...call.headers, ...many] }),
  (call, choices) => ({ ...call, flag: choices.of([0, 1, 2, 128, 255]) }),
  (call, choices) => {
    const length = clearBytes(call).length;
    return {
      ...call,
      length: choices.of([0, 1, length - 1, length + 1, 2 ** 26 + 1, 2 ** 31, 2 ** 32 - 1].map(atLeast0)),
    };
  },
  compressedBy((clear, choices) => mutateBytes(gzipSync(clear), choices)),
  compressedBy((_, choices) => (choices.chance(0.05) ? bomb : choices.bytes(choices.below(60)))),
  (call, choices) => ({ ...call, coding: choices.of(["gzip", "identity"] as const) }),
];

const atLeast0 = (length: number): number => Math.max(0, length);
const many = Array.from({ length: 300 }, (_, i) => [`x-${i}`, "1"] as const);

/** A connection whose call was mutated in one to three parts, then in its frames, or as bytes, or is followed by another. */
export function mutatedCall(corpus: readonly GrpcMessage[], choices: Choices): FuzzInput {
  let call = choices.of(corpus);
  if (choices.chance(0.8)) {
    for (let count = 1 + choices.below(3); count > 0; count -= 1) call = choices.of(mutations)(call, choices);
  }
  let frames: readonly Http2Frame[] = callFrames(call, 1);
  if (choices.chance(0.1)) frames = [...frames, ...callFrames(choices.of(corpus), 3)];
  if (choices.chance(0.25)) frames = mutateFrames(frames, choices);
  const bytes = connectionBytes(frames);
  const sent = choices.chance(0.1) ? Buffer.from(mutateBytes(bytes, choices)) : bytes;
  return { bytes: sent, readable: Buffer.concat([sent, clearBytes(call)]) };
}
