import { describe, expect, it } from "vitest";
import { parseResponseHead } from "./response-head.ts";

const parse = (...lines: string[]) => parseResponseHead(`${lines.join("\r\n")}\r\n\r\n`);

describe("parseResponseHead", () => {
  it.each([
    [["content-type: x", "Content-Length: 12"], { body: 12, keepsAlive: true }],
    [["content-length:0"], { body: 0, keepsAlive: true }],
    [["CONTENT-LENGTH:\t7 ", "content-length: 7"], { body: 7, keepsAlive: true }],
    [["transfer-encoding: Chunked"], { body: "Chunked", keepsAlive: true }],
    [["transfer-encoding: gzip, chunked"], { body: "Chunked", keepsAlive: true }],
    [["transfer-encoding: gzip", "transfer-encoding: chunked"], { body: "Chunked", keepsAlive: true }],
    [["transfer-encoding: gzip"], { body: "UntilEnd", keepsAlive: false }],
    [["content-length: 3", "transfer-encoding: chunked"], { body: "Chunked", keepsAlive: false }],
    [["content-type: x"], { body: "UntilEnd", keepsAlive: false }],
    [["content-length: 3", "Connection: Close"], { body: 3, keepsAlive: false }],
    [["content-length: 3", "connection: foo, close"], { body: 3, keepsAlive: false }],
    [["content-length: 3", "connection: keep-alive"], { body: 3, keepsAlive: true }],
    [["content-length: 3", "content-lengths: 4", "x-content-length: 5"], { body: 3, keepsAlive: true }],
  ] as const)("finds the framing of %j", (fields, expected) => {
    expect(parse("HTTP/1.1 200 OK", ...fields)).toEqual({ status: 200, ...expected });
  });

  it.each([
    ["HTTP/1.1 503 Service Unavailable", 503],
    ["HTTP/1.1 200", 200],
    ["HTTP/1.1 200 ", 200],
    ["HTTP/1.1 299 sch\u00f6n", 299],
  ])("reads the status of %j", (line, status) => {
    expect(parse(line, "content-length: 1")?.status).toBe(status);
  });

  it.each([204, 304, 100, 103])("knows that %d has no body, whatever it says", (status) => {
    expect(parse(`HTTP/1.1 ${status} x`, "content-length: 5")).toEqual({ status, body: 0, keepsAlive: true });
    expect(parse(`HTTP/1.1 ${status} x`)).toEqual({ status, body: 0, keepsAlive: true });
  });

  it("keeps no connection of HTTP/1.0", () => {
    const head = parse("HTTP/1.0 200 OK", "content-length: 1", "connection: keep-alive");
    expect(head).toEqual({ status: 200, body: 1, keepsAlive: false });
  });

  it.each([
    ["HTTP/2 200 OK", "a: b"],
    ["HTTP/1.2 200 OK", "a: b"],
    ["HTTP/1.1 20 OK", "a: b"],
    ["HTTP/1.1 2000 OK", "a: b"],
    ["HTTP/1.1 600 OK", "a: b"],
    ["HTTP/1.1 101 Switching Protocols", "upgrade: x"],
    ["HTTP/1.1 200 OK", "no colon"],
    ["HTTP/1.1 200 OK", "no colon", "a: b"],
    ["HTTP/1.1 200 OK", ": no name"],
    ["HTTP/1.1 200 OK", "content-length : 5"],
    ["HTTP/1.1 200 OK", "a: b", " content-length: 5"],
    ["HTTP/1.1 200 OK", "content-length: 5", "content-length: 6"],
    ["HTTP/1.1 200 OK", "content-length: 5, 5"],
    ["HTTP/1.1 200 OK", "content-length: -1"],
    ["HTTP/1.1 200 OK", "content-length: 0x1"],
    ["HTTP/1.1 200 OK", "content-length:"],
    ["HTTP/1.1 200 OK", "content-length: 9999999999999999"],
  ])("refuses %j, %j", (...lines) => expect(parse(...lines)).toBeNull());
});
