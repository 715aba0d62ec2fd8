/** How a field's value is written. */
export type WireType = 0 | 1 | 2 | 5;

/** A field of a protobuf message as data, so that it can be written out right or wrong. */
export interface Field {
  readonly number: number;
  readonly wireType: WireType;
  /** A varint; or the bytes of a string, a fixed number or a packed list; or the fields of a message. */
  readonly value: bigint | Uint8Array | Message;
  /** Written in place of the number of bytes that follow. */
  readonly length?: bigint;
}

export type Message = readonly Field[];

export const integer = (number: number, value: number | bigint): Field => ({
  number,
  wireType: 0,
  value: BigInt(value),
});
export const bytes = (number: number, value: Uint8Array | string): Field => ({
  number,
  wireType: 2,
  value: Buffer.from(value),
});
export const message = (number: number, value: Message): Field => ({ number, wireType: 2, value });
export const fixed64 = (number: number, value: number): Field => ({
  number,
  wireType: 1,
  value: new Uint8Array(Float64Array.of(value).buffer),
});

/** A varint of 64 bits; a negative number has ten bytes. */
export function varint(value: bigint): number[] {
  const written: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return [...written, Number(rest)];
    written.push(Number(rest & 127n) | 128);
  }
}

/** The bytes of a message. */
export const write = (fields: Message): Buffer => Buffer.concat(fields.map(writeField));

function writeField({ number, wireType, value, length }: Field): Buffer {
  const tag = varint((BigInt(number) << 3n) | BigInt(wireType));
  if (typeof value === "bigint") return Buffer.from([...tag, ...varint(value)]);
  const content = value instanceof Uint8Array ? value : write(value);
  if (wireType !== 2) return Buffer.concat([Buffer.from(tag), content]);
  return Buffer.concat([Buffer.from([...tag, ...varint(length ?? BigInt(content.length))]), content]);
}
