import { describe, expect, it } from "vitest";
import { wordTokenizer } from "./testing/pipelines.ts";
import { openTokenizer } from "./tokenizer.ts";

const tokenizer = openTokenizer(wordTokenizer);

describe("a tokenizer", () => {
  it("puts the special tokens around a text, and gives each token its segment", () => {
    expect(tokenizer.encode("red green")).toEqual({ ids: [1, 4, 5, 2], typeIds: [0, 0, 0, 0] });
    expect(tokenizer.encode("")).toEqual({ ids: [1, 2], typeIds: [0, 0] });
  });

  it("cuts a long text at its end and keeps the token that closes it", () => {
    const tokens = tokenizer.encode("red green blue red");
    expect(tokenizer.truncate(tokens, 4)).toEqual({ ids: [1, 4, 5, 2], typeIds: [0, 0, 0, 0] });
    expect(tokenizer.truncate(tokens, 6)).toBe(tokens);
  });

  it("cuts plainly where nothing closes a text", () => {
    const plain = openTokenizer({ ...wordTokenizer, post_processor: null });
    expect(plain.truncate(plain.encode("red green blue"), 2).ids).toEqual([4, 5]);
  });

  it("has a token for what it does not know, and leaves it out where it has none", () => {
    expect(tokenizer.encode("red what").ids).toEqual([1, 4, 3, 2]);
    const { unk_token: _, ...model } = wordTokenizer.model;
    expect(openTokenizer({ ...wordTokenizer, model }).encode("red what").ids).toEqual([1, 4, 2]);
  });

  it("knows its largest id, what fills up, and the limit of its own file", () => {
    expect(tokenizer).toMatchObject({ largestId: 6, padding: 0, longest: Number.POSITIVE_INFINITY });
    const limited = openTokenizer({ ...wordTokenizer, truncation: { max_length: 8 }, padding: { pad_id: 3 } });
    expect(limited).toMatchObject({ longest: 8, padding: 3 });
  });
});
