import type { Datatype } from "@sweetspot/crds";
import { elementBytes } from "../../tensor.ts";
import { ApiError } from "../errors.ts";
import { integerArrays } from "../oip/integer-arrays.ts";
import type { InputRule } from "../oip/request-schema.ts";
import { VarintCursor } from "./varint.ts";
import { decodeWire, type Fields, MessageWalk, tagOf, type WireReader, wireTypes } from "./wire.ts";

const { varint, fixed32, fixed64, lengthDelimited } = wireTypes;

/** The fields of `InferTensorContents`, in the order of their numbers, from 1 on. */
const fieldNames = [
  "bool_contents",
  "int_contents",
  "int64_contents",
  "uint_contents",
  "uint64_contents",
  "fp32_contents",
  "fp64_contents",
  "bytes_contents",
] as const;

interface Home {
  readonly field: number;
  readonly wireType: number;
}

const home = (name: (typeof fieldNames)[number], wireType: number): Home => ({
  field: fieldNames.indexOf(name) + 1,
  wireType,
});

/** Where the elements of each datatype are; the protocol has no typed form for FP16. */
const homes: Partial<Record<Datatype, Home>> = {
  BOOL: home("bool_contents", varint),
  INT8: home("int_contents", varint),
  INT16: home("int_contents", varint),
  INT32: home("int_contents", varint),
  INT64: home("int64_contents", varint),
  UINT8: home("uint_contents", varint),
  UINT16: home("uint_contents", varint),
  UINT32: home("uint_contents", varint),
  UINT64: home("uint64_contents", varint),
  FP32: home("fp32_contents", fixed32),
  FP64: home("fp64_contents", fixed64),
  BYTES: home("bytes_contents", lengthDelimited),
};

/** Takes elements as they lie in the message, and counts on when there are more than expected. */
interface Sink {
  take(chunk: Uint8Array): void;
  readonly elements: number;
  readonly data: Uint8Array;
}

/** The contents of one input, while they are read. */
interface Reading {
  readonly sink: Sink;
  readonly rule: InputRule;
}

/**
 * Reads the `InferTensorContents` of an input as the little-endian bytes of `count` elements. Nothing is allocated from a
 * size that the message only claims to have. Throws `ApiError`.
 */
export function readContents(
  contents: Uint8Array,
  rule: InputRule,
  shape: readonly number[],
  count: number,
): Uint8Array {
  const { name, datatype } = rule;
  // Every element takes at least one byte, so with more than that nothing can be right; they are only counted then.
  const sink = sinkFor(datatype, Math.min(count, contents.length), contents.length, name);
  const walk = new MessageWalk(Number.POSITIVE_INFINITY);
  decodeWire("InferTensorContents", () => walk.over(contents, { sink, rule }, contentFields(datatype)));
  if (sink.elements !== count) {
    throw new ApiError("WrongElementCount", { name, actual: sink.elements, shape: shape.join(", "), expected: count });
  }
  return sink.data;
}

const fieldsOf = new Map<Datatype, Fields<Reading>>();

/** Only one of the fields may hold anything. */
function contentFields(datatype: Datatype): Fields<Reading> {
  const known = fieldsOf.get(datatype);
  if (known !== undefined) return known;
  const place = homes[datatype];
  const fields: Record<number, (reader: WireReader, reading: Reading) => void> = {};
  for (const [index, actual] of fieldNames.entries()) {
    const refuse = (_reader: WireReader, { rule }: Reading) => {
      throw wrongField(rule, actual);
    };
    for (const wireType of Object.values(wireTypes)) fields[tagOf(index + 1, wireType)] = refuse;
  }
  if (place !== undefined) {
    // Not packed, one element lies there as it would in a packed field.
    fields[tagOf(place.field, place.wireType)] = (reader, { sink }) => {
      const start = reader.pos;
      reader.skipType(place.wireType);
      sink.take(reader.buf.subarray(start, reader.pos));
    };
    fields[tagOf(place.field, lengthDelimited)] = (reader, { sink }) => sink.take(reader.bytes());
  }
  fieldsOf.set(datatype, fields);
  return fields;
}

function wrongField({ name, datatype }: InputRule, actual: string): ApiError {
  const place = homes[datatype];
  const expected = place === undefined ? "raw_input_contents" : (fieldNames[place.field - 1] as string);
  return new ApiError("WrongContents", { name, datatype, actual, expected });
}

function sinkFor(datatype: Datatype, count: number, bytes: number, name: string): Sink {
  if (datatype === "BYTES") return new StringSink(count, bytes);
  if (datatype.startsWith("FP")) return new FixedSink(count, elementBytes(datatype) as number);
  if (datatype === "INT64" || datatype === "UINT64") return new LongSink(count);
  return new IntegerSink(count, datatype as IntegerDatatype, name);
}

/** Floating-point numbers: their bytes lie in the message as they do in a tensor. */
class FixedSink implements Sink {
  readonly data: Uint8Array;
  readonly #width: number;
  elements = 0;

  constructor(count: number, width: number) {
    this.#width = width;
    this.data = new Uint8Array(count * width);
  }

  take(chunk: Uint8Array): void {
    if (chunk.length % this.#width !== 0) throw new Error("a packed field ends inside an element");
    const offset = this.elements * this.#width;
    if (offset + chunk.length <= this.data.length) this.data.set(chunk, offset);
    this.elements += chunk.length / this.#width;
  }
}

/** 64-bit integers as two halves, because one BigInt per element is an order of magnitude slower. */
class LongSink implements Sink {
  readonly #halves: Uint32Array;
  elements = 0;

  constructor(count: number) {
    this.#halves = new Uint32Array(count * 2);
  }

  take(chunk: Uint8Array): void {
    const cursor = new VarintCursor(chunk);
    while (cursor.next()) {
      // Writes past the end of a typed array are ignored, and the count is wrong then.
      this.#halves[2 * this.elements] = cursor.low;
      this.#halves[2 * this.elements + 1] = cursor.high;
      this.elements += 1;
    }
  }

  get data(): Uint8Array {
    return new Uint8Array(this.#halves.buffer);
  }
}

type IntegerDatatype = keyof typeof sinkArrays;

const sinkArrays = { BOOL: { make: Uint8Array, low: 0, high: 1 }, ...integerArrays } as const;

/** Integers of up to 32 bits, which the protocol carries in 32, and truth values. */
class IntegerSink implements Sink {
  readonly #values: InstanceType<(typeof sinkArrays)[IntegerDatatype]["make"]>;
  readonly #datatype: IntegerDatatype;
  readonly #name: string;
  elements = 0;

  constructor(count: number, datatype: IntegerDatatype, name: string) {
    this.#values = new sinkArrays[datatype].make(count);
    this.#datatype = datatype;
    this.#name = name;
  }

  take(chunk: Uint8Array): void {
    const { low, high } = sinkArrays[this.#datatype];
    const cursor = new VarintCursor(chunk);
    while (cursor.next()) {
      const value = this.#valueOf(cursor);
      if (value < low || value > high) {
        const expected = `within the range of ${this.#datatype} (${low} to ${high})`;
        throw new ApiError("InvalidElement", { name: this.#name, index: this.elements, expected });
      }
      this.#values[this.elements] = value;
      this.elements += 1;
    }
  }

  #valueOf({ low, high }: VarintCursor): number {
    if (this.#datatype === "BOOL") return low === 0 && high === 0 ? 0 : 1;
    return this.#datatype.startsWith("U") ? low : low | 0;
  }

  get data(): Uint8Array {
    return new Uint8Array(this.#values.buffer);
  }
}

/** `BYTES`: a little-endian length of four bytes before each element. */
class StringSink implements Sink {
  readonly #bytes: Buffer;
  #offset = 0;
  elements = 0;

  /** `bytes`: size of all the contents, and so at least that of all elements. */
  constructor(count: number, bytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(4 * count + bytes);
  }

  take(chunk: Uint8Array): void {
    this.elements += 1;
    const end = this.#offset + 4 + chunk.length;
    if (end > this.#bytes.length) return;
    this.#bytes.writeUInt32LE(chunk.length, this.#offset);
    this.#bytes.set(chunk, this.#offset + 4);
    this.#offset = end;
  }

  get data(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }
}
