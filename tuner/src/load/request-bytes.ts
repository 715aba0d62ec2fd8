import type { PreparedRequest } from "./request-mix.ts";

/** A request as it goes over the wire, in the parts that are written one after the other. */
export type RequestBytes = readonly [Uint8Array] | readonly [head: Uint8Array, body: Uint8Array];

/** Up to here a body is copied behind its head, so that one write sends both; a larger one is not worth the memory. */
const copiedBytes = 65_536;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What decides how the request is framed and where it goes is not for the mix to say. */
const ownHeaders = new Set(["host", "content-length", "transfer-encoding", "connection", "upgrade"]);

/**
 * An HTTP/1.1 POST request. User name and password of the URL are not sent.
 *
 * @throws RangeError for a header that is none, that would add another one, or that the sender sets itself
 */
export function encodeRequest({ host, pathname, search }: URL, { headers, body }: PreparedRequest): RequestBytes {
  const lines = Object.entries(headers).map(([name, value]) => headerLine(name, value));
  const head = Buffer.from(
    `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${body.byteLength}\r\n${lines.join("")}\r\n`,
    "latin1",
  );
  return body.byteLength > copiedBytes ? [head, body] : [Buffer.concat([head, body])];
}

function headerLine(name: string, value: string): string {
  if (!token.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name of an HTTP header`);
  if (!fieldValue.test(value)) throw new RangeError(`the header ${name} holds a character that no header may hold`);
  if (ownHeaders.has(name.toLowerCase())) throw new RangeError(`the header ${name} is set by the load generator`);
  return `${name}: ${value}\r\n`;
}
