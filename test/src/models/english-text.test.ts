import { describe, expect, it } from "vitest";
import { paragraphs, passages, proseOf, wordGroups } from "./english-text.ts";

describe("prose of a Markdown file", () => {
  it("keeps paragraphs and drops code, headings, lists, tables and raw HTML", () => {
    const markdown = [
      "# A heading that is long enough",
      "The first paragraph, with `code` and a [link](https://example.org).",
      "```js\nconst text = 'Not this one, it is code.'\n```",
      "- An item of a list that is long enough.",
      "| A | table that is long enough |",
      "<div>Raw HTML that is long enough.</div>",
      "The second one\nruns over two lines.",
    ].join("\n\n");
    expect(proseOf(markdown)).toEqual([
      "The first paragraph, with code and a link.",
      "The second one runs over two lines.",
    ]);
  });
});

describe("the packaged English text", () => {
  it("has hundreds of paragraphs without line breaks or markup", () => {
    expect(paragraphs().length).toBeGreaterThan(500);
    expect(paragraphs().filter((text) => /[\n`]|\]\(/.test(text))).toEqual([]);
  });

  it("gives passages whose lengths are spread over an order of magnitude", () => {
    const lengths = passages(400, 1)
      .map((text) => text.length)
      .sort((a, b) => a - b);
    expect((lengths[360] ?? 0) / (lengths[40] ?? 1)).toBeGreaterThan(5);
    expect(lengths.at(-1)).toBeLessThanOrEqual(2200);
  });

  it("gives word groups that fit on one line of a form", () => {
    const groups = wordGroups(300, 1);
    expect(groups).toHaveLength(300);
    expect(groups.filter((group) => group.length < 3 || group.length > 24 || !/^[ -~]+$/.test(group))).toEqual([]);
    expect(new Set(groups).size).toBeGreaterThan(200);
  });

  it.each([passages, wordGroups])("is the same for the same seed and another for another", (make) => {
    expect(make(20, 5)).toEqual(make(20, 5));
    expect(make(20, 6)).not.toEqual(make(20, 5));
  });
});
