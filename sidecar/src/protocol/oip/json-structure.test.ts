import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../errors.ts";
import { checkJsonStructure, jsonLimits } from "./json-structure.ts";

function verdict(text: string): string {
  try {
    checkJsonStructure(Buffer.from(text));
    return "taken";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

const { bytes, parts, depth, uncheckedBytes } = jsonLimits;
const many = parts + 1;
/** Makes a text long enough to be looked at, without adding parts. */
const padded = (text: string) => text + " ".repeat(uncheckedBytes);

describe("the check of a JSON part before it is parsed", () => {
  it.each([
    ["a long list of numbers", "taken", `[${"0.125,".repeat(100_000)}1]`],
    ["as many lists as allowed", "taken", `[${"[],".repeat(parts - 1)}1]`],
    ["too many lists", "JsonTooComplex", `[${"[],".repeat(many)}1]`],
    ["too many objects", "JsonTooComplex", `[${"{},".repeat(many)}1]`],
    ["too many strings", "JsonTooComplex", `[${'"",'.repeat(many)}1]`],
    ["too many names", "JsonTooComplex", `{${'"a":1,'.repeat(many)}"a":1}`],
    ["nesting up to the limit", "taken", padded("[".repeat(depth) + "]".repeat(depth))],
    ["deeper nesting", "JsonTooComplex", padded("[".repeat(depth + 1))],
    ["deeper nesting of objects", "JsonTooComplex", padded('{"a":'.repeat(depth + 1))],
    ["many lists beside each other", "taken", padded("[[]".repeat(1) + ",[1]".repeat(5000))],
    ["brackets and escaped quotes in strings", "taken", padded(`["${'[{\\"'.repeat(many)}"]`)],
    ["a string that ends with a backslash", "JsonTooComplex", padded(`["\\\\",${"[],".repeat(many)}1]`)],
    ["a string without an end", "taken", padded(`["${"[".repeat(many)}`)],
    ["too many bytes", "JsonTooLarge", " ".repeat(bytes + 1)],
  ])("finds %s: %s", (_, expected, text) => {
    expect(verdict(text)).toBe(expected);
  });

  it("takes every ordinary document, however it is written", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(verdict(padded(text))).toBe("taken");
      }),
    );
  });
});
