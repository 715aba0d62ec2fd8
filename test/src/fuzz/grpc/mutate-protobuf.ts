import type { Choices } from "../choices.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { type Field, type Message, varint, type WireType, write } from "./protobuf-tree.ts";

const nastyIntegers = [0n, 1n, -1n, 2n, 127n, 128n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n + 1n, 2n ** 62n + 2n];
const nastyNumbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 99, 19_000, 536_870_911];
const wireTypes: readonly WireType[] = [0, 1, 2, 5];
const nastyTexts = [
  "",
  "x\u0000y",
  "\u202e",
  "__proto__",
  "constructor",
  "BYTES",
  "FP16",
  "1",
  "../../etc",
  "a".repeat(3000),
];

type Mutation = (fields: Message, at: number, choices: Choices) => Message;

const replaced = (fields: Message, at: number, ...by: readonly Field[]): Message => fields.toSpliced(at, 1, ...by);

const changed =
  (change: (field: Field, choices: Choices) => Partial<Field>): Mutation =>
  (fields, at, choices) => {
    const field = fields[at] as Field;
    return replaced(fields, at, { ...field, ...change(field, choices) });
  };

const raw = (value: Uint8Array): Partial<Field> => ({ value, wireType: 2 });

const mutations: readonly Mutation[] = [
  (fields, at) => replaced(fields, at),
  (fields, at) => replaced(fields, at, fields[at] as Field, fields[at] as Field),
  (fields, at, choices) => fields.toSpliced(choices.below(fields.length + 1), 0, fields[at] as Field),
  (fields, at, choices) => {
    const many = choices.chance(0.1) ? 70_000 : 300;
    const { number } = fields[at] as Field;
    return [...fields, { number, wireType: 2, value: repeated(number, many) }];
  },
  changed((_, choices) => ({ number: choices.of(nastyNumbers) })),
  changed((_, choices) => ({ wireType: choices.of(wireTypes) })),
  changed((_, choices) => ({ value: choices.of(nastyIntegers), wireType: 0 })),
  changed((_, choices) => raw(Buffer.from(choices.of(nastyTexts)))),
  changed((_, choices) => raw(choices.bytes(choices.below(40)))),
  changed((_, choices) => raw(Buffer.from(Array.from({ length: 20 }, () => varint(choices.of(nastyIntegers))).flat()))),
  changed(({ value }, choices) => {
    if (typeof value === "bigint") return { value: value + choices.of([-1n, 1n, 2n ** 32n]) };
    return raw(mutateBytes(value instanceof Uint8Array ? value : write(value), choices));
  }),
  changed(({ value }, choices) => {
    const length = typeof value === "bigint" ? 8 : value instanceof Uint8Array ? value.length : write(value).length;
    return { length: choices.of([...nastyIntegers, BigInt(length) - 1n, BigInt(length) + 1n]), wireType: 2 };
  }),
  // Groups, which proto3 has no use for: a reader that steps over them by calling itself runs out of stack.
  changed((_, choices) => raw(Buffer.alloc(choices.of([10, 200, 20_000]), 0x0b))),
  changed(({ number }) => raw(nested(number, 200))),
];

/** The same field of two bytes, many times. */
const repeated = (number: number, times: number): Uint8Array =>
  Buffer.concat(Array<Buffer>(times).fill(Buffer.from([...varint(BigInt(number) << 3n), 1])));

function nested(number: number, depth: number): Uint8Array {
  let inner: Uint8Array = Buffer.alloc(0);
  for (let i = 0; i < depth; i += 1) inner = write([{ number, wireType: 2, value: inner }]);
  return inner;
}

/** Changes a message at one place, at any depth. */
export function mutateProtobuf(fields: Message, choices: Choices): Message {
  if (fields.length === 0) return choices.chance(0.5) ? fields : [{ number: 1, wireType: 2, value: choices.bytes(5) }];
  const at = choices.below(fields.length);
  const field = fields[at] as Field;
  const { value } = field;
  const isInner = typeof value !== "bigint" && !(value instanceof Uint8Array);
  if (isInner && choices.chance(0.7)) return replaced(fields, at, { ...field, value: mutateProtobuf(value, choices) });
  return choices.of(mutations)(fields, at, choices);
}
