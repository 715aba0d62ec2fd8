import { deflateSync, gzipSync } from "node:zlib";
import type { Choices } from "./choices.ts";
import { type HttpMessage, messageBytes } from "./http-message.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";

const methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI", "po st", ""];
const versions = ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 ", "http/1.1", ""];
const targetEnds = [
  "%00",
  "/..",
  "/../..",
  "//",
  "?a=b&a",
  "#x",
  "%zz",
  "%2e%2e%2f",
  "/versions/2",
  ";x",
  "\u00ff",
  "*",
];

const lengths = [
  "0",
  "1",
  "-1",
  "+5",
  "5, 5",
  "1e3",
  "0x10",
  " 7",
  "7 ",
  "4294967296",
  "18446744073709551617",
  "99999999",
  "x",
  "",
];

/** Headers that change how a message is read, with values that servers have read differently. */
const nastyHeaders: Readonly<Record<string, readonly string[]>> = {
  "content-length": lengths,
  "inference-header-content-length": [...lengths, "20", "123abc"],
  "transfer-encoding": ["chunked", "identity", "gzip, chunked", "chunked, identity", "xchunked", "chunked\t", ""],
  "content-encoding": ["gzip", "deflate", "br", "identity", "gzip, gzip", "GZIP", "x", ""],
  "accept-encoding": ["gzip", "deflate", "*", "gzip;q=0", "x".repeat(500)],
  "content-type": ["application/json", "image/png", "multipart/form-data; boundary=x", "x", "", ";", "text/plain"],
  expect: ["100-continue", "200-ok", ""],
  connection: ["close", "keep-alive", "upgrade", "x"],
  upgrade: ["h2c", "websocket"],
  host: ["", "a b", "x:99999", "[::1"],
  "x-long": ["a".repeat(15_000), "a".repeat(40_000)],
  "bad name": ["1"],
  "x-control": ["\u0001", "a\u0000b", "a\rb", "a\nb: c"],
};

type Mutation = (message: HttpMessage, choices: Choices) => HttpMessage;

const withHeader = (message: HttpMessage, name: string, value: string): HttpMessage => ({
  ...message,
  headers: [...message.headers, [name, value]],
});

const has = ({ headers }: HttpMessage, wanted: string): boolean => headers.some(([name]) => name === wanted);

/** Puts another JSON part into the message, with a right header length where there was one. */
function mutateJsonPart(message: HttpMessage, choices: Choices): HttpMessage {
  const { headers, body } = message;
  const header = headers.find(([name]) => name === "inference-header-content-length");
  const end = header === undefined ? body.length : Number(header[1]);
  const json = Buffer.from(mutateJson(Buffer.from(body.subarray(0, end)).toString(), choices));
  return {
    ...message,
    body: Buffer.concat([json, body.subarray(end)]),
    headers: headers.map((one) => (one === header ? ([one[0], String(json.length)] as const) : one)),
  };
}

const mutations: readonly Mutation[] = [
  mutateJsonPart,
  mutateJsonPart,
  mutateJsonPart,
  (message, choices) => ({ ...message, method: choices.of(methods) }),
  (message, choices) => ({ ...message, version: choices.of(versions) }),
  (message, choices) => ({ ...message, target: message.target + choices.of(targetEnds) }),
  (message, choices) => ({ ...message, target: choices.of(["", "*", "x", "http://h/v2", `/${"a/".repeat(3000)}`]) }),
  (message, choices) => {
    const name = choices.of(Object.keys(nastyHeaders));
    return withHeader(message, name, choices.of(nastyHeaders[name] ?? [""]));
  },
  (message, choices) => {
    const at = choices.below(message.headers.length);
    return { ...message, headers: message.headers.filter((_, index) => index !== at) };
  },
  (message, choices) => {
    const at = choices.below(message.headers.length);
    const [name = "", old = ""] = message.headers[at] ?? [];
    const value = choices.of([...(nastyHeaders[name] ?? ["x"]), old + old]);
    return { ...message, headers: message.headers.map((one, index) => (index === at ? [name, value] : one)) };
  },
  (message, choices) => withHeader(message, "content-length", String(message.body.length + choices.below(5) - 2)),
  (message, choices) => ({ ...message, body: mutateBytes(message.body, choices) }),
  (message, choices) => {
    if (has(message, "content-encoding")) return message;
    const coding = choices.of(["gzip", "deflate"] as const);
    const compressed = (coding === "gzip" ? gzipSync : deflateSync)(message.body);
    return withHeader({ ...message, body: mutateBytes(compressed, choices) }, "content-encoding", coding);
  },
  (message, choices) => withHeader({ ...message, body: choices.bytes(choices.below(300)) }, "x-body", "random"),
  (message) => ({ ...message, headers: [...message.headers, ...many] }),
];

const many = Array.from({ length: 150 }, (_, i) => [`x-${i}`, "1"] as const);

/** The bytes of a message that was mutated in one to three parts, or as bytes, or follows another one. */
export function mutatedBytes(corpus: readonly HttpMessage[], choices: Choices): Buffer {
  let message = choices.of(corpus);
  if (choices.chance(0.8)) {
    for (let count = 1 + choices.below(3); count > 0; count -= 1) message = choices.of(mutations)(message, choices);
  }
  const bytes = messageBytes(message);
  const mutated = choices.chance(0.3) ? Buffer.from(mutateBytes(bytes, choices)) : bytes;
  return choices.chance(0.1) ? Buffer.concat([mutated, messageBytes(choices.of(corpus))]) : mutated;
}
