import { describe, expect, it } from "vitest";
import { isExpected } from "./expected-answer.ts";

const embedding = Float32Array.of(0.25, -1);
const probe = { headers: {}, body: new Uint8Array(), embedding };
const json = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));
const answer = (data: number[]) => ({ outputs: [{ name: "461", data }] });
const none = new Headers();

describe("a peer's answer to the first request", () => {
  it("is accepted as JSON, in a list of one, and as binary tensor after a header of any length", () => {
    expect(isExpected(none, json(answer([0.2501, -1])), probe)).toBe(true);
    expect(isExpected(none, json([answer([0.25, -1])]), probe)).toBe(true);
    const binary = Buffer.concat([Buffer.from("{}."), Buffer.from(embedding.buffer)]);
    expect(isExpected(new Headers({ "inference-header-content-length": "3" }), binary, probe)).toBe(true);
  });

  it("is refused where it is another embedding, or none", () => {
    for (const document of [answer([0.3, -1]), answer([0.25]), {}, [], { outputs: [] }]) {
      expect(isExpected(none, json(document), probe)).toBe(false);
    }
  });
});
