import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf, sha256 } from "./digest.ts";

/** The same value with the keys of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

describe("the digest of a document", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => digestOf(reversed(value)) === digestOf(value)));
  });

  it("depends on the order of items", () => {
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });

  it("changes with each value and each name", () => {
    const digests = [{ a: 1 }, { a: 2 }, { b: 1 }, { a: "1" }, { a: [1] }, { a: null }, {}].map(digestOf);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("takes an absent field and an undefined one for the same", () => {
    expect(digestOf({ a: 1, b: undefined })).toBe(digestOf({ a: 1 }));
  });

  it("is that of the canonical text", () => {
    expect(canonicalJson({ b: [1, { d: "é", c: null }], a: 0.5 })).toBe('{"a":0.5,"b":[1,{"c":null,"d":"é"}]}');
    // The digest of nothing, as every tool computes it.
    expect(sha256("")).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("survives a way through JSON", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => digestOf(JSON.parse(JSON.stringify(value))) === digestOf(value)));
  });
});
