import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { VarintCursor } from "./varint.ts";

const valuesOf = (bytes: Uint8Array): bigint[] => {
  const cursor = new VarintCursor(bytes);
  const values: bigint[] = [];
  while (cursor.next()) values.push((BigInt(cursor.high) << 32n) | BigInt(cursor.low));
  return values;
};

function written(values: readonly bigint[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const value of values) writer.uint64(value.toString());
  return writer.finish();
}

describe("reading varints", () => {
  it("gives every 64-bit value that protobuf writes", () => {
    const edges = [0n, 1n, 127n, 128n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
    expect(valuesOf(written(edges))).toEqual(edges);
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (values) => {
        expect(valuesOf(written(values))).toEqual(values);
      }),
    );
  });

  it.each([
    ["ends inside a value", [0x80]],
    ["has a value of more than ten bytes", Array(11).fill(0x80)],
  ])("refuses a field that %s", (_, bytes) => {
    expect(() => valuesOf(Uint8Array.from(bytes))).toThrow("does not end");
  });
});
