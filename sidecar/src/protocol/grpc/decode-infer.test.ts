import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TensorSpec } from "../../model/signature.ts";
import { ApiError } from "../errors.ts";
import { schema, single } from "../testing/schemas.ts";
import { decodeInfer } from "./decode-infer.ts";
import { readInferMessage } from "./infer-message.ts";
import { inferRequest } from "./testing/infer-messages.ts";

const typed = (name: string, values: readonly number[]) => ({
  name,
  datatype: "INT64",
  shape: [1, values.length],
  contents: { int64_contents: values },
});
const longs = (...values: bigint[]) => Buffer.from(BigInt64Array.from(values).buffer);
const decode = (fields: object, against = schema) => decodeInfer(readInferMessage(inferRequest(fields)), against);
const one = (contents: object, datatype: TensorSpec["datatype"], shape = [1, 2]) =>
  decode({ inputs: [{ name: "x", datatype, shape, contents }] }, single(datatype, [-1, -1])).inputs[0]!.data;

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("decoding a ModelInferRequest", () => {
  it("takes typed contents, and puts the inputs in the model's order", () => {
    const { inputs, id } = decode({ id: "7", inputs: [typed("mask", [1, 1, 0]), typed("ids", [1, 2, 3])] });
    expect(inputs.map(({ name }) => name)).toEqual(["ids", "mask"]);
    expect([...new BigInt64Array(inputs[0]!.data.slice().buffer)]).toEqual([1n, 2n, 3n]);
    expect(id).toBe("7");
  });

  it("takes raw contents, one for each input in the order of the inputs", () => {
    const inputs = [
      { name: "mask", datatype: "INT64", shape: [1, 2] },
      { name: "ids", datatype: "INT64", shape: [1, 2] },
    ];
    const decoded = decode({ inputs, raw_input_contents: [longs(1n, 1n), longs(7n, 8n)] });
    expect(Buffer.from(decoded.inputs[0]!.data)).toEqual(longs(7n, 8n));
    expect(Buffer.from(decoded.inputs[1]!.data)).toEqual(longs(1n, 1n));
  });

  it("has no id where the client gave none", () => {
    expect(decode({ inputs: [typed("ids", [1]), typed("mask", [1])] }).id).toBeNull();
  });

  it("answers the requested outputs in their order, else all that are served", () => {
    const inputs = [typed("ids", [1]), typed("mask", [1])];
    const names = (fields: object) => decode({ inputs, ...fields }).outputs.map(({ name }) => name);
    expect(names({})).toEqual(["embedding", "tokens"]);
    expect(names({ outputs: [{ name: "tokens" }, { name: "embedding" }] })).toEqual(["tokens", "embedding"]);
  });

  it.each([
    [{ int64_param: 2500 }, 2500],
    [{ uint64_param: 2500 }, 2500],
    [{ int64_param: 0 }, null],
  ])("reads the timeout %o in microseconds", (timeout, expected) => {
    const fields = { inputs: [typed("ids", [1]), typed("mask", [1])], parameters: { timeout } };
    expect(decode(fields).timeoutMicroseconds).toBe(expected);
  });

  it("steps over parameters, fields and kinds of parameters that it does not know", () => {
    const fields = { inputs: [typed("ids", [1]), typed("mask", [1])], parameters: { priority: { uint64_param: 3 } } };
    const unknown = Buffer.from([0x9a, 0x3f, 1, 0, 0xa1, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8]);
    const bytes = Buffer.concat([inferRequest(fields), unknown]);
    expect(decodeInfer(readInferMessage(bytes), schema).inputs).toHaveLength(2);
  });
});

describe("typed contents", () => {
  const little = (array: { buffer: ArrayBuffer }) => Buffer.from(array.buffer);

  it.each([
    ["BOOL", { bool_contents: [true, false] }, Buffer.from([1, 0])],
    ["INT8", { int_contents: [-128, 127] }, Buffer.from([0x80, 0x7f])],
    ["UINT8", { uint_contents: [0, 255] }, Buffer.from([0, 255])],
    ["INT16", { int_contents: [-32_768, 5] }, little(Int16Array.of(-32_768, 5))],
    ["UINT16", { uint_contents: [65_535, 5] }, little(Uint16Array.of(65_535, 5))],
    ["INT32", { int_contents: [-2_147_483_648, 5] }, little(Int32Array.of(-2_147_483_648, 5))],
    ["UINT32", { uint_contents: [4_294_967_295, 5] }, little(Uint32Array.of(4_294_967_295, 5))],
    ["INT64", { int64_contents: ["-9223372036854775808", 5] }, little(BigInt64Array.of(-(2n ** 63n), 5n))],
    ["UINT64", { uint64_contents: ["18446744073709551615", 5] }, little(BigUint64Array.of(2n ** 64n - 1n, 5n))],
    ["FP32", { fp32_contents: [0.1, -3e38] }, little(Float32Array.of(0.1, -3e38))],
    ["FP64", { fp64_contents: [0.1, 1e300] }, little(Float64Array.of(0.1, 1e300))],
    [
      "BYTES",
      { bytes_contents: [Buffer.from("ab"), Buffer.alloc(0)] },
      Buffer.from([2, 0, 0, 0, 0x61, 0x62, 0, 0, 0, 0]),
    ],
  ] as const)("become the bytes of a tensor: %s", (datatype, contents, expected) => {
    expect(Buffer.from(one(contents, datatype))).toEqual(expected);
  });

  it("may be sent without packing", () => {
    const packed = inferRequest({
      inputs: [{ name: "x", datatype: "INT64", shape: [1, 2], contents: { int64_contents: [300, 2] } }],
    });
    // In place of the packed field: twice tag 3 with wire type 0.
    const unpacked = Buffer.from([0x18, 0xac, 0x02, 0x18, 0x02]);
    const before = packed.subarray(2, packed.length - 7);
    const input = Buffer.concat([before, Buffer.from([0x2a, unpacked.length]), unpacked]);
    const bytes = Buffer.concat([Buffer.from([0x2a, input.length]), input]);
    const [x] = decodeInfer(readInferMessage(bytes), single("INT64")).inputs;
    expect([...new BigInt64Array(x!.data.slice().buffer)]).toEqual([300n, 2n]);
  });

  it("carry any 64-bit integers and any floats unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 }), (values) => {
        const data = one({ int64_contents: values.map(String) }, "INT64", [1, values.length]);
        expect([...new BigInt64Array(data.slice().buffer)]).toEqual(values);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (values) => {
        const data = one({ fp32_contents: values }, "FP32", [1, values.length]);
        expect([...new Float32Array(data.slice().buffer)]).toEqual(values);
      }),
    );
  });

  const cases: [string, string, () => unknown][] = [
    ["too few elements", "WrongElementCount", () => one({ int64_contents: [1] }, "INT64")],
    ["too many elements", "WrongElementCount", () => one({ int64_contents: [1, 2, 3] }, "INT64")],
    ["no elements", "WrongElementCount", () => one({}, "INT64")],
    ["a claim of 2^40 elements", "WrongElementCount", () => one({ int64_contents: [1] }, "INT64", [2 ** 20, 2 ** 20])],
    ["too few strings", "WrongElementCount", () => one({ bytes_contents: [Buffer.from("a")] }, "BYTES")],
    ["too many strings", "WrongElementCount", () => one({ bytes_contents: Array(9).fill(Buffer.alloc(0)) }, "BYTES")],
    ["the field of another type", "WrongContents", () => one({ fp32_contents: [1, 2] }, "INT64")],
    ["FP16, which has no field", "WrongContents", () => one({ fp32_contents: [1, 2] }, "FP16")],
    ["an INT8 of 128", "InvalidElement", () => one({ int_contents: [1, 128] }, "INT8")],
    ["a UINT16 of 65536", "InvalidElement", () => one({ uint_contents: [1, 65_536] }, "UINT16")],
    ["NaN", "NonFiniteInput", () => one({ fp32_contents: [1, Number.NaN] }, "FP32")],
  ];
  it.each(cases)("with %s are refused as %s", (_, code, act) => expect(refusal(act)).toBe(code));
});

describe("a request that is wrong", () => {
  const ids = typed("ids", [1]);
  const mask = typed("mask", [1]);
  const raw = [longs(1n), longs(1n)];
  const bare = [ids, mask].map(({ contents: _, ...rest }) => rest);
  const huge = "4611686018427387906";
  const cases: [string, string, object][] = [
    ["no inputs", "MissingInput", {}],
    ["a missing input", "MissingInput", { inputs: [ids] }],
    ["an unknown input", "UnknownInput", { inputs: [{ ...ids, name: "__proto__" }] }],
    ["an input given twice", "DuplicateInput", { inputs: [ids, ids, mask] }],
    ["another datatype", "WrongDatatype", { inputs: [{ ...ids, datatype: "INT32" }] }],
    ["another rank", "WrongShape", { inputs: [{ ...ids, shape: [1] }] }],
    ["a negative size", "WrongShape", { inputs: [{ ...ids, shape: [-1, -1] }] }],
    ["sizes of 2^62+2 and 4", "ShapeTooLarge", { inputs: [{ ...ids, shape: [huge, 4] }] }],
    ["unequal lengths", "UnequalSizes", { inputs: [ids, typed("mask", [1, 1])] }],
    ["an id out of bounds", "OutOfBounds", { inputs: [typed("ids", [100]), mask] }],
    ["too few raw contents", "WrongRawCount", { inputs: bare, raw_input_contents: raw.slice(1) }],
    ["too many raw contents", "WrongRawCount", { inputs: bare, raw_input_contents: [...raw, ...raw] }],
    ["typed and raw contents", "ContentsTwice", { inputs: [ids, mask], raw_input_contents: raw }],
    ["raw contents that are cut", "WrongByteCount", { inputs: bare, raw_input_contents: [raw[0], Buffer.alloc(7)] }],
    ["an unknown output", "UnknownOutput", { inputs: [ids, mask], outputs: [{ name: "x" }] }],
    ["an output twice", "DuplicateOutput", { inputs: [ids, mask], outputs: [{ name: "tokens" }, { name: "tokens" }] }],
    [
      "a classification",
      "UnsupportedParameter",
      { inputs: [ids, mask], outputs: [{ name: "tokens", parameters: { classification: { int64_param: 3 } } }] },
    ],
    [
      "shared memory",
      "UnsupportedParameter",
      { inputs: [{ ...ids, parameters: { shared_memory_region: { string_param: "r" } } }, mask] },
    ],
    ["a timeout as text", "InvalidField", { inputs: [ids, mask], parameters: { timeout: { string_param: "5" } } }],
    ["a negative timeout", "InvalidField", { inputs: [ids, mask], parameters: { timeout: { int64_param: -5 } } }],
  ];
  it.each(cases)("for %s is refused as %s", (_, code, fields) => {
    expect(refusal(() => decode(fields))).toBe(code);
  });

  it.each([
    ["is not a message", [0xff, 0xff, 0xff]],
    ["ends inside a field", [0x0a, 5, 0x61]],
    ["has a name that is not UTF-8", [0x0a, 2, 0xc3, 0x28]],
    ["has groups without an end", Array(200).fill(0x5b)],
    ["has a field number of zero", [0x00, 0x00]],
  ])("because it %s is refused as InvalidMessage", (_, bytes) => {
    expect(refusal(() => readInferMessage(Uint8Array.from(bytes)))).toBe("InvalidMessage");
  });

  it("because it has very many fields is refused before they become objects", () => {
    const inputs = Buffer.alloc(200_000, Buffer.from([0x2a, 0]));
    expect(refusal(() => readInferMessage(inputs))).toBe("MessageTooComplex");
  });

  it("never throws anything but an ApiError, whatever bytes are changed", () => {
    const good = [
      inferRequest({
        id: "a",
        inputs: [ids, mask],
        parameters: { timeout: { int64_param: 5 } },
        outputs: [{ name: "tokens" }],
      }),
      inferRequest({ inputs: bare, raw_input_contents: raw }),
    ];
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(1), fc.array(change, { maxLength: 4 }), fc.nat(), (which, changes, cut) => {
        const bytes = Buffer.from(good[which]!);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const end = changes.length % 2 === 0 ? bytes.length : cut % bytes.length;
        expect(refusal(() => decodeInfer(readInferMessage(bytes.subarray(0, end)), schema))).not.toBe("");
      }),
      { numRuns: 3000 },
    );
  });
});
