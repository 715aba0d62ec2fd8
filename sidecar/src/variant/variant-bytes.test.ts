import type { RecipeStep, VariantRecipe } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecipeError } from "./recipe-error.ts";
import { floatBytes, follow, recipeOf, sourceOf } from "./testing/recipes.ts";

const weights = { offset: 0, elements: 6, channels: 1, stride: 6 } as const;
const quantize = { op: "Quantize", ...weights, type: "INT8", scales: 0, zeroPoints: 4 } as const;

/** The result of one computing step. */
function compute(source: Uint8Array, step: RecipeStep, ...literals: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array("elements" in step ? step.elements * (step.op === "Multiply" ? 4 : 1) : 0);
  return follow(recipeOf(source, bytes, literals, [step]), source);
}

describe("quantizing", () => {
  it("rounds halves to the even integer, adds the zero point and clips", () => {
    const source = sourceOf([0.5, 1.5, 2.5, -0.5, -1.5, 300]);
    const signed = compute(source, quantize, floatBytes(1), new Uint8Array([0]));
    expect([...new Int8Array(signed)]).toEqual([0, 2, 2, 0, -2, 127]);
    const unsigned = compute(source, { ...quantize, type: "UINT8" }, floatBytes(1), new Uint8Array([1]));
    expect([...unsigned]).toEqual([1, 3, 3, 1, 0, 255]);
  });

  it("divides in FP32, as the tools do", () => {
    // In double precision the quotient lies just below 2.5; in FP32 it is 2.5 and goes to the even 2.
    const [weight, scale] = [Math.fround(0.1 * 2.5), Math.fround(0.1)];
    expect(weight / scale).not.toBe(2.5);
    expect(Math.fround(weight / scale)).toBe(2.5);
    const [result] = compute(sourceOf([weight, 0, 0, 0, 0, 0]), quantize, floatBytes(scale), new Uint8Array([0]));
    expect(result).toBe(2);
  });

  it("takes scale and zero point of the element's channel, on any axis", () => {
    const source = sourceOf([1, 2, 3, 4, 5, 6]);
    const perRow = { ...quantize, channels: 2, stride: 3, zeroPoints: 8 };
    expect([...compute(source, perRow, floatBytes(1, 0.5), new Uint8Array([0, 1]))]).toEqual([1, 2, 3, 9, 11, 13]);
    const perColumn = { ...quantize, channels: 3, stride: 1, zeroPoints: 12 };
    const columns = compute(source, perColumn, floatBytes(1, 0.5, 1), new Uint8Array([0, 0, 10]));
    expect([...columns]).toEqual([1, 4, 13, 4, 10, 16]);
  });

  it("transposes first where it is told to", () => {
    const result = compute(sourceOf([1, 2, 3, 4, 5, 6]), { ...quantize, columns: 3 }, floatBytes(1), new Uint8Array(1));
    expect([...result]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("puts corrections where the arithmetic is wrong", () => {
    const step: RecipeStep = {
      ...quantize,
      corrections: [
        [1, 200],
        [5, 7],
      ],
    };
    const result = compute(sourceOf([1, 2, 3, 4, 5, 6]), step, floatBytes(1), new Uint8Array(1));
    expect([...result]).toEqual([1, 200, 3, 4, 5, 7]);
  });

  it("gives the same for any size of tensor, over the borders of pieces", () => {
    const elements = 4_500_000;
    const source = sourceOf(Array.from({ length: elements }, (_, index) => (index * 7919) % 251));
    const step: RecipeStep = { ...quantize, elements, channels: 3, stride: 3000, zeroPoints: 12 };
    const corrections: [number, number][] = [
      [2 ** 20 - 1, 1],
      [2 ** 20, 2],
      [elements - 1, 3],
    ];
    const result = compute(source, { ...step, corrections }, floatBytes(2, 3, 4), new Uint8Array(3));
    const expected = (index: number) => {
      const quotient = Math.fround(((index * 7919) % 251) / [2, 3, 4][Math.floor(index / 3000) % 3]!);
      return quotient % 1 === 0.5 ? 2 * Math.round(quotient / 2) : Math.round(quotient);
    };
    for (let index = 0; index < elements; index += 997) expect(result[index]).toBe(expected(index));
    expect([result[2 ** 20 - 1], result[2 ** 20], result[elements - 1]]).toEqual([1, 2, 3]);
  });
});

describe("multiplying", () => {
  it("rounds each product to FP32, for every weight and factor", () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 4, maxLength: 4 }), finite, finite, (values, first, second) => {
        const step: RecipeStep = { op: "Multiply", offset: 0, elements: 4, channels: 2, stride: 1, factors: 0 };
        const result = compute(sourceOf(values), step, floatBytes(first, second));
        const expected = values.map((value, index) => Math.fround(value * (index % 2 === 0 ? first : second)));
        expect([...new Float32Array(new Uint8Array(result).buffer)]).toEqual(expected);
      }),
    );
  });

  it("is corrected by the bits of an element", () => {
    const step: RecipeStep = {
      ...weights,
      op: "Multiply",
      elements: 2,
      stride: 2,
      factors: 0,
      corrections: [[1, 0x7fc0_0000]],
    };
    const result = compute(sourceOf([1, 2]), step, floatBytes(3));
    expect([...new Float32Array(new Uint8Array(result).buffer)]).toEqual([3, Number.NaN]);
  });
});

const source = sourceOf([1, 2, 3, 4, 5, 6]);
const good = recipeOf(source, new Uint8Array(6), [floatBytes(1), new Uint8Array(1)], [quantize]);
const withStep = (changes: object): VariantRecipe => ({ ...good, steps: [{ ...quantize, ...changes } as RecipeStep] });

describe("a hostile recipe is refused before anything is computed:", () => {
  it("(the one without faults is followed)", () => {
    expect([...follow(good, source)]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  const huge = 2 ** 31 - 1;
  it.each<[string, VariantRecipe, RegExp]>([
    ["weights behind the end of the source", withStep({ offset: 4 }), /reads over the end of the source model/],
    ["a copy from behind the end", { ...good, steps: [{ op: "Copy", offset: 20, bytes: 6 }] }, /reads over the end/],
    ["scales behind the literals", withStep({ scales: 2 }), /numbers from behind the literals/],
    ["zero points behind the literals", withStep({ zeroPoints: 5 }), /numbers from behind the literals/],
    ["more channels than literals", withStep({ channels: 6, stride: 1 }), /numbers from behind the literals/],
    ["a channel layout that does not divide the tensor", withStep({ channels: 4, stride: 1 }), /belong to no channel/],
    ["a matrix with ragged rows", withStep({ columns: 4 }), /rows of different length/],
    ["a correction behind the tensor", withStep({ corrections: [[6, 0]] }), /corrects elements that do not exist/],
    [
      "corrections out of order",
      withStep({
        corrections: [
          [2, 0],
          [2, 1],
        ],
      }),
      /out of order/,
    ],
    ["a correction that is no byte", withStep({ corrections: [[0, 256]] }), /value that it cannot have/],
    ["fewer bytes than promised", { ...good, result: { ...good.result, bytes: 7 } }, /give 6 bytes of a file of 7/],
    ["more literals taken than there are", { ...good, steps: [{ op: "Literal", bytes: 6 }] }, /fewer literals/],
    [
      "a file that outgrows its source",
      {
        ...good,
        result: { ...good.result, bytes: 72 },
        steps: Array.from({ length: 3 }, () => ({ op: "Copy", offset: 0, bytes: 24 })),
      },
      /far larger than the source/,
    ],
    [
      "a huge literal",
      { ...good, result: { ...good.result, bytes: huge }, steps: [{ op: "Literal", bytes: huge }] },
      /larger/,
    ],
    ["literals that are no deflate", { ...good, literals: { bytes: 5, deflated: "////" } }, /cannot be inflated/],
    ["literals that inflate to more", { ...good, literals: { ...good.literals, bytes: 4 } }, /literals/],
    ["literals that inflate to less", { ...good, literals: { ...good.literals, bytes: 6 } }, /another size/],
  ])("%s", (_, recipe, message) => {
    expect(() => follow(recipe, source)).toThrow(RecipeError);
    expect(() => follow(recipe, source)).toThrow(message);
  });
});
