import { describe, expect, it } from "vitest";
import { encodeRequest } from "./request-bytes.ts";

const url = new URL("http://user:secret@example.org:8000/v2/models/m/infer?a=b%0d%0ac#fragment");
const encode = (headers: Record<string, string>, body = Buffer.from("hello")) => encodeRequest(url, { headers, body });
const text = (headers: Record<string, string>) => Buffer.concat(encode(headers)).toString("latin1");

describe("encodeRequest", () => {
  it("writes head and body in one piece", () => {
    expect(encode({ "content-type": "text/plain", "X-Name": "caf\u00e9" })).toHaveLength(1);
    expect(text({ "content-type": "text/plain", "X-Name": "caf\u00e9" })).toBe(
      "POST /v2/models/m/infer?a=b%0d%0ac HTTP/1.1\r\nhost: example.org:8000\r\ncontent-length: 5\r\n" +
        "content-type: text/plain\r\nX-Name: caf\u00e9\r\n\r\nhello",
    );
  });

  it("does not copy a large body", () => {
    const body = Buffer.alloc(100_000);
    const parts = encode({}, body);
    expect(parts).toHaveLength(2);
    expect(parts[1]).toBe(body);
    expect(String(parts[0])).toContain("content-length: 100000\r\n\r\n");
  });

  it.each(["a\r\nx: y", "a\nb", "a\rb", "a\0b", "a\x7fb", "\u20ac"])("refuses the value %j", (value) => {
    expect(() => encode({ "x-name": value })).toThrow(RangeError);
  });

  it.each(["", "a b", "a:", "a\r\nb", "caf\u00e9"])("refuses the name %j", (name) => {
    expect(() => encode({ [name]: "x" })).toThrow(RangeError);
  });

  it.each(["Host", "content-length", "Transfer-Encoding", "connection", "upgrade"])("sets %s itself", (name) => {
    expect(() => encode({ [name]: "5" })).toThrow(/set by the load generator/);
  });
});
