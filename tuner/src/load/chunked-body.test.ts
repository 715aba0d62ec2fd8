import { describe, expect, it } from "vitest";
import { ChunkedBody } from "./chunked-body.ts";

function read(text: string): { read: number; body: ChunkedBody } {
  const body = new ChunkedBody();
  return { read: body.read(Buffer.from(text, "latin1"), 0, text.length), body };
}

describe("ChunkedBody", () => {
  it.each([
    ["no chunk", "0\r\n\r\n"],
    ["two chunks", "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n"],
    ["line ends and sizes as data", "4\r\n0\r\n\r\r\n0\r\n\r\n"],
    ["a size with zeros in front", "0003\r\nabc\r\n00\r\n\r\n"],
    ["a padded size", "3  \r\nabc\r\n0\r\n\r\n"],
    ["extensions", '3;a=b;c="0"\r\nabc\r\n0;last\r\n\r\n'],
    ["trailers", "3\r\nabc\r\n0\r\nx: y\r\nlonger: than that\r\n\r\n"],
  ])("ends with the last chunk: %s", (_name, text) => {
    const { read: length, body } = read(`${text}HTTP/1.1 200 OK\r\n`);
    expect(body.isWhole).toBe(true);
    expect(length).toBe(text.length);
  });

  it.each([
    "\r\n",
    "x\r\n",
    "-1\r\n",
    ";a\r\n",
    "3\nabc",
    "3\rabc",
    "3;a\nabc",
    "3\r\nabcd\r\n",
    "3\r\nabc\n",
    "3\r\nabc\r0",
    "0\r\n\rx",
    "0\r\nx: y\n",
    "0\r\nx: y\rz",
    "FFFFFFFFFFFFFF\r\n",
  ])("refuses %j", (text) => expect(read(text).body.isMalformed).toBe(true));

  it("refuses sizes and trailers without end", () => {
    expect(read(`3;${"a".repeat(70_000)}`).body.isMalformed).toBe(true);
    expect(read(`0\r\n${"a: b\r\n".repeat(20_000)}`).body.isMalformed).toBe(true);
  });

  it("takes any number of small chunks", () => {
    expect(read(`${"1\r\na\r\n".repeat(50_000)}0\r\n\r\n`).body.isWhole).toBe(true);
  });
});
