import type { Padding } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelSignature, TensorSpec } from "../model/signature.ts";
import { encodeElements } from "../protocol/oip/json-elements.ts";
import { elementCount, type Tensor } from "../tensor.ts";
import { assembleBatch, type BatchMember, scalarBytes } from "./assemble.ts";
import { requestShaper } from "./shape.ts";
import { SplitError, splitOutputs } from "./split.ts";

const spec = (name: string, shape: number[], datatype: TensorSpec["datatype"] = "INT32"): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => null),
});

const signature = (inputs: TensorSpec[], extra: Partial<ModelSignature> = {}): ModelSignature => ({
  inputs,
  outputs: [],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
  ...extra,
});

const tensor = (name: string, shape: number[], first = 0): Tensor => ({
  name,
  datatype: "INT32",
  shape,
  data: new Uint8Array(Int32Array.from({ length: elementCount(shape) }, (_, i) => first + i).buffer),
});

const numbers = ({ data }: Tensor): number[] => [...new Int32Array(new Uint8Array(data).buffer)];
const padding: Padding = {
  inputs: [{ name: "x", axis: 1, value: -7 }],
  outputs: [{ name: "x", axis: 1 }],
  tolerance: 0,
};

describe("the shape of a request", () => {
  const tokens = signature([spec("x", [-1, -1]), spec("mask", [-1, -1])], {
    variableAxis: [
      { name: "x", axis: 1 },
      { name: "mask", axis: 1 },
    ],
  });

  it("takes the length out of the group only where every input of that length may be padded", () => {
    const request = (length: number) => [tensor("x", [2, length]), tensor("mask", [2, length])];
    const both = { ...padding, inputs: ["x", "mask"].map((name) => ({ name, axis: 1, value: 0 })) };
    const shape = requestShaper(tokens, both);
    expect(shape(request(5))).toEqual({ rows: 2, length: 5, group: shape(request(9)).group });
    const exact = requestShaper(tokens, undefined);
    expect(exact(request(5)).group).not.toBe(exact(request(9)).group);
    const half = requestShaper(tokens, padding);
    expect(half(request(5)).group).not.toBe(half(request(9)).group);
  });

  it("multiplies several variable axes, and keeps shapes of equal product apart", () => {
    const shape = requestShaper(signature([spec("image", [-1, 3, -1, -1])]), undefined);
    const [wide, tall] = [shape([tensor("image", [1, 3, 2, 6])]), shape([tensor("image", [1, 3, 6, 2])])];
    expect([wide.length, tall.length]).toEqual([12, 12]);
    expect(wide.group).not.toBe(tall.group);
  });

  it("gives a fixed shape the length 1, and a model that is not batchable one row", () => {
    expect(requestShaper(signature([spec("x", [-1, 4])]), undefined)([tensor("x", [3, 4])])).toMatchObject({
      rows: 3,
      length: 1,
    });
    const whole = requestShaper(signature([spec("x", [-1])], { batchable: false }), undefined);
    expect(whole([tensor("x", [6])])).toMatchObject({ rows: 1, length: 6 });
  });
});

describe("a batch", () => {
  it("of one request is that request's own bytes", () => {
    const member = { inputs: [tensor("x", [2, 3])], rows: 2, length: 3 };
    expect(assembleBatch([member], padding).inputs[0]).toBe(member.inputs[0]);
  });

  it("pads an inner axis with the pad value", () => {
    const member = (length: number, first: number): BatchMember => ({
      inputs: [tensor("x", [1, 2, length], first)],
      rows: 1,
      length,
    });
    const { inputs, length } = assembleBatch([member(1, 10), member(3, 20)], {
      ...padding,
      inputs: [{ name: "x", axis: 2, value: -7 }],
    });
    expect(length).toBe(3);
    expect(inputs[0]!.shape).toEqual([2, 2, 3]);
    expect(numbers(inputs[0]!)).toEqual([10, -7, -7, 11, -7, -7, 20, 21, 22, 23, 24, 25]);
  });

  it("gives every request back exactly what it brought, for any rows and lengths", () => {
    const request = fc.record({
      rows: fc.integer({ min: 1, max: 4 }),
      length: fc.integer({ min: 1, max: 6 }),
      first: fc.nat(1000),
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 6 }), fc.boolean(), (requests, trailing) => {
        const members = requests.map(({ rows, length, first }) => ({
          rows,
          length,
          inputs: [tensor("x", trailing ? [rows, length, 2] : [rows, length], first)],
        }));
        const batch = assembleBatch(members, padding);
        expect(batch.inputs[0]!.data.length).toBe(4 * elementCount(batch.inputs[0]!.shape));
        const answers = splitOutputs(batch.inputs, members, batch.length, padding);
        for (const [i, answer] of answers.entries()) {
          expect(answer[0]!.shape).toEqual(members[i]!.inputs[0]!.shape);
          expect(numbers(answer[0]!)).toEqual(numbers(members[i]!.inputs[0]!));
        }
      }),
    );
  });

  it("splits strings by their own sizes", () => {
    const data = encodeElements("BYTES", ["a", "", "long string", "z"], "y");
    const output: Tensor = { name: "y", datatype: "BYTES", shape: [2, 2], data };
    const answers = splitOutputs(
      [output],
      [
        { rows: 1, length: 1 },
        { rows: 1, length: 1 },
      ],
      1,
      undefined,
    );
    expect(answers.map((answer) => Buffer.from(answer[0]!.data))).toEqual(
      [
        ["a", ""],
        ["long string", "z"],
      ].map((values) => Buffer.from(encodeElements("BYTES", values, "y"))),
    );
  });

  it("is not split where an output has no row per request, or does not follow the padded axis", () => {
    const members = [
      { rows: 1, length: 1 },
      { rows: 1, length: 2 },
    ];
    expect(() => splitOutputs([tensor("y", [1, 4])], members, 2, padding)).toThrow(SplitError);
    expect(() => splitOutputs([tensor("x", [2, 4])], members, 2, padding)).toThrow(SplitError);
  });

  it("knows the bytes of a pad value", () => {
    expect([...scalarBytes("INT64", -1)]).toEqual(Array(8).fill(255));
    expect([...scalarBytes("FP32", 1)]).toEqual([0, 0, 128, 63]);
    expect([...scalarBytes("FP16", 1)]).toEqual([0, 60]);
  });
});
