import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DocumentError } from "./parse.ts";
import { packRecipe, unpackRecipe, type VariantRecipe } from "./variant-recipe.ts";

const sample = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "samples", "VariantRecipe.json"), "utf8"),
) as VariantRecipe;

describe("a packed recipe", () => {
  it("is unpacked as it was, and packed the same each time", () => {
    expect(unpackRecipe(packRecipe(sample))).toEqual(sample);
    expect(packRecipe(sample)).toEqual(packRecipe(structuredClone(sample)));
  });

  it("may carry megabytes of literals", () => {
    const deflated = "QUJD".repeat(2 ** 19);
    const large = { ...sample, literals: { bytes: 1, deflated } };
    expect(unpackRecipe(packRecipe(large)).literals.deflated).toHaveLength(deflated.length);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["no gzip", Buffer.from("recipe"), /not a gzip/],
    ["a gzip cut short", packRecipe(sample).subarray(0, 200), /not a gzip/],
    ["a gzip that inflates without end", gzipSync(Buffer.alloc(2 ** 25)), /inflates to more than/],
    ["no JSON", gzipSync("{"), /not valid JSON/],
    ["another document", gzipSync('{"kind":"ServingPlan"}'), /VariantRecipe/],
    ["literals that are no base64", packRecipe({ ...sample, literals: { bytes: 1, deflated: "?" } }), /literals/],
    ["a file of more than 2 GiB", packRecipe({ ...sample, result: { ...sample.result, bytes: 2 ** 31 } }), /result/],
    ["a step that nobody knows", packRecipe({ ...sample, steps: [{ op: "Run" } as never] }), /steps/],
    ["a negative offset", packRecipe({ ...sample, steps: [{ op: "Copy", offset: -4, bytes: 4 }] }), /offset/],
    ["no steps", packRecipe({ ...sample, steps: [] }), /steps/],
  ])("is refused when it is %s", (_, gzip, message) => {
    expect(() => unpackRecipe(gzip)).toThrow(DocumentError);
    expect(() => unpackRecipe(gzip)).toThrow(message);
  });
});
