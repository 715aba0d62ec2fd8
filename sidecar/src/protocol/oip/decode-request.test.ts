import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../errors.ts";
import { schema, single } from "../testing/schemas.ts";
import { decodeRequest } from "./decode-request.ts";

const ids = (values: number[], extra = {}) => ({
  name: "ids",
  datatype: "INT64",
  shape: [1, values.length],
  data: values,
  ...extra,
});
const mask = (length: number) => ({ name: "mask", datatype: "INT64", shape: [1, length], data: Array(length).fill(1) });
const json = (document: unknown) => Buffer.from(JSON.stringify(document));
const decode = (document: unknown, against = schema) => decodeRequest(json(document), undefined, against);

/** A body of JSON and binary parts, as `tritonclient` builds it. */
function binaryBody(document: unknown, ...parts: Uint8Array[]): { body: Buffer; header: string } {
  const header = json(document);
  return { body: Buffer.concat([header, ...parts]), header: String(header.length) };
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return "accepted";
}

const longs = (values: bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);
const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const valuesOf = (data: Uint8Array) => [...new BigInt64Array(new Uint8Array(data).buffer)];

describe("decoding a JSON request", () => {
  it("takes flat and nested data, and puts the inputs in the model's order", () => {
    for (const data of [[1, 2, 3], [[1, 2, 3]]]) {
      const { inputs, id } = decode({ id: "7", inputs: [mask(3), { ...ids([1, 2, 3]), data }] });
      expect(inputs.map((input) => input.name)).toEqual(["ids", "mask"]);
      expect(valuesOf(inputs[0]!.data)).toEqual([1n, 2n, 3n]);
      expect(id).toBe("7");
    }
  });

  it("answers every served output when none is requested, in JSON unless binary is asked for", () => {
    const inputs = [ids([1]), mask(1)];
    expect(decode({ inputs }).outputs).toEqual([
      { name: "embedding", binary: false },
      { name: "tokens", binary: false },
    ]);
    const outputs = [{ name: "tokens" }, { name: "embedding", parameters: { binary_data: false } }];
    expect(decode({ inputs, outputs, parameters: { binary_data_output: true } }).outputs).toEqual([
      { name: "tokens", binary: true },
      { name: "embedding", binary: false },
    ]);
  });

  it("reads the timeout in microseconds and takes 0 as none", () => {
    const inputs = [ids([1]), mask(1)];
    expect(decode({ inputs, parameters: { timeout: 2500 } }).timeoutMicroseconds).toBe(2500);
    expect(decode({ inputs, parameters: { timeout: 0 } }).timeoutMicroseconds).toBeNull();
    expect(refusal(() => decode({ inputs, parameters: { timeout: -1 } }))).toBe("InvalidField");
  });

  it("carries every safe integer exactly", () => {
    const plain = single("INT64", [-1, 1]);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const { inputs } = decode({ inputs: [{ name: "x", datatype: "INT64", shape: [1, 1], data: [value] }] }, plain);
        return valuesOf(inputs[0]!.data)[0] === BigInt(value);
      }),
    );
  });

  const one = [1, 2] as const;
  const cases: [string, string, unknown][] = [
    ["a body that is a list", "InvalidJson", []],
    ["inputs that are no list", "InvalidField", { inputs: {} }],
    ["a null among the inputs", "InvalidField", { inputs: [null] }],
    ["no inputs", "MissingInput", {}],
    ["a missing input", "MissingInput", { inputs: [ids([1])] }],
    ["an unknown input", "UnknownInput", { inputs: [{ ...ids([1]), name: "idz" }] }],
    ["an input named __proto__", "UnknownInput", { inputs: [{ ...ids([1]), name: "__proto__" }] }],
    ["an input given twice", "DuplicateInput", { inputs: [ids([1]), ids([1]), mask(1)] }],
    ["another datatype", "WrongDatatype", { inputs: [{ ...ids([1]), datatype: "INT32" }] }],
    ["a datatype that is no text", "WrongDatatype", { inputs: [{ ...ids([1]), datatype: { toString: 1 } }] }],
    [
      "sizes that are no numbers",
      "WrongShape",
      { inputs: [{ ...ids([1]), shape: [{ valueOf: 1 }, { toString: 1 }] }] },
    ],
    ["a shape that is no list", "WrongShape", { inputs: [{ ...ids([1]), shape: { length: 2, toString: 1 } }] }],
    ["another rank", "WrongShape", { inputs: [{ ...ids([1]), shape: [1] }] }],
    ["zero rows", "WrongShape", { inputs: [{ ...ids([]), shape: [0, 1] }] }],
    ["a zero length", "WrongShape", { inputs: [{ ...ids([]), shape: [1, 0] }] }],
    ["a negative size", "WrongShape", { inputs: [{ ...ids([1]), shape: [-1, -1] }] }],
    ["a fractional size", "WrongShape", { inputs: [{ ...ids([1]), shape: [1, 1.5] }] }],
    ["a size as text", "WrongShape", { inputs: [{ ...ids([1]), shape: [1, "1"] }] }],
    ["a shape product beyond 2^53", "ShapeTooLarge", { inputs: [{ ...ids([1]), shape: [2 ** 40, 2 ** 40] }] }],
    ["sizes whose product wraps around 2^64", "ShapeTooLarge", { inputs: [{ ...ids([1]), shape: [2 ** 62 + 2, 4] }] }],
    ["a shape of 2^40 elements", "WrongElementCount", { inputs: [{ ...ids([1]), shape: [1, 2 ** 40] }] }],
    ["too few elements", "WrongElementCount", { inputs: [{ ...ids([1]), shape: [1, 2] }] }],
    ["too many elements", "WrongElementCount", { inputs: [{ ...ids([1, 2]), shape: [1, 1] }] }],
    ["ragged nesting", "WrongElementCount", { inputs: [{ ...ids([1]), shape: [2, 2], data: [[1, 2], [3]] }] }],
    ["nesting deeper than the shape", "InvalidElement", { inputs: [{ ...ids([1]), data: [[[1]]] }] }],
    ["data that is no list", "InvalidField", { inputs: [{ ...ids([1]), data: "AAAA" }] }],
    ["no data", "MissingData", { inputs: [{ ...ids([1]), data: undefined }] }],
    ["a string element", "InvalidElement", { inputs: [ids(["1" as unknown as number])] }],
    ["a null element", "InvalidElement", { inputs: [ids([null as unknown as number])] }],
    ["a fraction", "InvalidElement", { inputs: [ids([1.5])] }],
    ["an integer beyond 2^53", "UnsafeInteger", { inputs: [ids([2 ** 53])] }],
    ["an id below the bounds", "OutOfBounds", { inputs: [ids([-1])] }],
    ["an id above the bounds", "OutOfBounds", { inputs: [ids([100])] }],
    ["inputs of unequal length", "UnequalSizes", { inputs: [ids([...one]), mask(3)] }],
    ["inputs of unequal rows", "UnequalSizes", { inputs: [ids([1]), { ...mask(2), shape: [2, 1] }] }],
    ["an unknown output", "UnknownOutput", { inputs: [ids([1]), mask(1)], outputs: [{ name: "x" }] }],
    [
      "an output twice",
      "DuplicateOutput",
      { inputs: [ids([1]), mask(1)], outputs: [{ name: "tokens" }, { name: "tokens" }] },
    ],
    ["shared memory", "UnsupportedParameter", { inputs: [ids([1], { parameters: { shared_memory_region: "r" } })] }],
    ["a numeric id", "InvalidField", { inputs: [ids([1]), mask(1)], id: 7 }],
  ];
  it.each(cases)("refuses %s", (_, code, document) => {
    expect(refusal(() => decode(document))).toBe(code);
  });

  it("refuses invalid UTF-8 and broken JSON", () => {
    expect(
      refusal(() => decodeRequest(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), undefined, schema)),
    ).toBe("InvalidJson");
    expect(refusal(() => decodeRequest(Buffer.from('{"inputs":['), undefined, schema))).toBe("InvalidJson");
    expect(refusal(() => decodeRequest(Buffer.from("[".repeat(60_000)), undefined, schema))).toBe("InvalidJson");
    expect(refusal(() => decodeRequest(Buffer.from("[".repeat(200_000)), undefined, schema))).toBe("JsonTooComplex");
  });

  it("refuses nesting of any depth where no nesting belongs", () => {
    const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    const input = (field: string) => JSON.stringify({ ...ids([1]), [field]: "DEEP" }).replace('"DEEP"', () => deep);
    for (const field of ["name", "datatype", "shape", "data", "parameters"]) {
      const body = Buffer.from(`{"inputs":[${input(field)},${JSON.stringify(mask(1))}]}`);
      expect(refusal(() => decodeRequest(body, undefined, schema))).toMatch(/^(Invalid|Wrong)/);
    }
  });

  it.each([
    ["FP32", 1e39],
    ["FP16", 70_000],
    ["INT8", 128],
    ["UINT8", -1],
    ["INT32", 2 ** 31],
    ["UINT64", -1],
    ["BOOL", 1],
    ["BYTES", 1],
  ] as const)("refuses a value that %s does not hold", (datatype, value) => {
    const input = { name: "x", datatype, shape: [1, 2], data: [value, value] };
    expect(refusal(() => decode({ inputs: [input] }, single(datatype)))).toBe("InvalidElement");
  });
});

describe("decoding a binary request", () => {
  const header = (bytes: number, pad = "") => ({
    id: pad,
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: bytes } }],
    parameters: { binary_data_output: true },
  });

  it("reads tensors at any alignment", () => {
    for (const pad of ["", "a", "ab", "abc"]) {
      const { body, header: length } = binaryBody(header(8, pad), floats([1.5, -2]));
      const [input] = decodeRequest(body, length, single("FP32")).inputs;
      expect(input!.data.byteOffset % 4).toBe(0);
      expect([...new Float32Array(input!.data.buffer, input!.data.byteOffset, 2)]).toEqual([1.5, -2]);
    }
  });

  it("checks the bounds of 64-bit ids in either half", () => {
    const document = {
      inputs: ["ids", "mask"].map((name) => ({
        name,
        datatype: "INT64",
        shape: [1, 1],
        parameters: { binary_data_size: 8 },
      })),
    };
    for (const [id, answer] of [
      [99n, "accepted"],
      [100n, "OutOfBounds"],
      [-1n, "OutOfBounds"],
      [2n ** 32n, "OutOfBounds"],
      [-(2n ** 63n), "OutOfBounds"],
    ] as const) {
      const { body, header: length } = binaryBody(document, longs([id]), longs([1n]));
      expect(refusal(() => decodeRequest(body, length, schema))).toBe(answer);
    }
  });

  it.each(["123abc", " 12", "0x10", "1e1", "-1", "", "4294967999", "99999999999999999999", "12, 12"])(
    "refuses the header length '%s'",
    (length) => {
      const { body } = binaryBody(header(8), floats([1, 2]));
      expect(refusal(() => decodeRequest(body, length, single("FP32")))).toBe("InvalidHeaderLength");
    },
  );

  it("refuses missing, leftover and miscounted bytes", () => {
    const act = (size: number, part: Uint8Array) => {
      const { body, header: length } = binaryBody(header(size), part);
      return refusal(() => decodeRequest(body, length, single("FP32")));
    };
    expect(act(8, floats([1]))).toBe("TruncatedBinary");
    expect(act(8, floats([1, 2, 3]))).toBe("LeftoverBinary");
    expect(act(12, floats([1, 2, 3]))).toBe("WrongByteCount");
    expect(act(-8, floats([1, 2]))).toBe("InvalidField");
    expect(act(2 ** 60, floats([1, 2]))).toBe("InvalidField");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d, which could spread to batch-mates",
    (value) => {
      const { body, header: length } = binaryBody(header(8), floats([1, value]));
      expect(refusal(() => decodeRequest(body, length, single("FP32")))).toBe("NonFiniteInput");
    },
  );

  it("counts the strings of a BYTES tensor", () => {
    const document = {
      inputs: [{ name: "x", datatype: "BYTES", shape: [1, 2], parameters: { binary_data_size: 11 } }],
    };
    const good = Buffer.from([2, 0, 0, 0, 0x68, 0x69, 1, 0, 0, 0, 0x21]);
    const bad = Buffer.from([2, 0, 0, 0, 0x68, 0x69, 9, 0, 0, 0, 0x21]);
    for (const [part, answer] of [
      [good, "accepted"],
      [bad, "InvalidField"],
    ] as const) {
      const { body, header: length } = binaryBody(document, part);
      expect(refusal(() => decodeRequest(body, length, single("BYTES")))).toBe(answer);
    }
  });

  it("never throws anything but an API error, whatever the bytes", () => {
    const { body } = binaryBody(header(8), floats([1, 2]));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(body.length + 4),
        (flips, length) => {
          const broken = Buffer.from(body);
          for (const [at, byte] of flips) broken[at] = byte;
          refusal(() => decodeRequest(broken, String(length), single("FP32")));
        },
      ),
    );
  });
});
