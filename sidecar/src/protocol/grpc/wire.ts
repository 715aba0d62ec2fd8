import { isUtf8 } from "node:buffer";
import protobuf from "protobufjs";
import { ApiError } from "../errors.ts";

export type WireReader = protobuf.Reader;

/** Wire types of protobuf. */
export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** The tag of a field: its number, and how its value is written. */
export const tagOf = (field: number, wireType: number): number => (field << 3) | wireType;

/** What to do at each tag of a message; fields without an entry are stepped over, as protobuf has it. */
export type Fields<Target> = Readonly<Record<number, (reader: WireReader, target: Target, walk: MessageWalk) => void>>;

const mostFields = 65_536;

/**
 * Walks over the fields of one message and of the messages inside it. The number of fields over all of them is bounded,
 * because a field of two bytes may become an object of a hundred, and a message may hold millions.
 */
export class MessageWalk {
  #room: number;

  /** `most`: infinite for visitors that keep nothing of a field. */
  constructor(most = mostFields) {
    this.#room = most;
  }

  /** Fills `target` and gives it. Throws `ApiError`, or whatever the reader throws at malformed bytes. */
  over<Target>(bytes: Uint8Array, target: Target, fields: Fields<Target>): Target {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      this.#room -= 1;
      if (this.#room < 0) throw new ApiError("MessageTooComplex", { parts: mostFields });
      const tag = reader.uint32();
      const visit = fields[tag];
      if (visit === undefined) reader.skipType(tag & 7, 0, tag >>> 3);
      else visit(reader, target, this);
    }
    return target;
  }
}

/** Runs a decoder; what the reader throws at malformed bytes becomes `InvalidMessage`. `type`: name of the message. */
export function decodeWire<T>(type: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const kind = (error as Error).constructor;
    // protobufjs throws these two; any other is a fault of ours.
    if (kind === Error || kind === RangeError) throw new ApiError("InvalidMessage", { type });
    throw error;
  }
}

/** A string in strict UTF-8, as proto3 has it. */
export function readString(reader: WireReader): string {
  const bytes = reader.bytes();
  if (!isUtf8(bytes)) throw new Error("a string is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

const upperHalf = 4_294_967_296;

/** A 64-bit integer; beyond 2^53 the nearest number, which every check of sizes and times refuses. */
export function readInteger(reader: WireReader): number {
  const { high, low } = reader.int64();
  return high * upperHalf + (low >>> 0);
}

/** Likewise without a sign. */
export function readUnsigned(reader: WireReader): number {
  const { high, low } = reader.uint64();
  return (high >>> 0) * upperHalf + (low >>> 0);
}
