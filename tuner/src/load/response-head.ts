/** What the head of an HTTP/1.x answer says about the bytes behind it. */
export interface ResponseHead {
  readonly status: number;
  /** Bytes of the body; `Chunked`, or all that comes until the connection ends. */
  readonly body: number | "Chunked" | "UntilEnd";
  /** Whether another request may follow on the connection. */
  readonly keepsAlive: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: .*)?\r\n/;

/**
 * Reads the head of an answer to POST, its empty last line included, by the rules of RFC 9112, section 6.3. An answer
 * in HTTP/1.0 never keeps its connection. 101 is refused: nobody asked for another protocol.
 *
 * @param head as latin1
 * @returns null when it is malformed, or contradicts itself about the length of the body
 */
export function parseResponseHead(head: string): ResponseHead | null {
  const line = statusLine.exec(head);
  if (line === null) return null;
  const status = Number(line[2]);
  const fields = readFields(head, line[0].length);
  if (fields === null || status === 101) return null;
  const body = bodyOf(status, fields);
  // Both lengths at once are how answers are smuggled: the chunks count, and the connection is not trusted any more.
  const contradictory = fields.length !== null && fields.coding !== null;
  return { status, body, keepsAlive: line[1] === "1" && !fields.close && body !== "UntilEnd" && !contradictory };
}

/** The fields that frame an answer. */
interface Framing {
  length: number | null;
  /** The last of the transfer codings. */
  coding: string | null;
  close: boolean;
}

function bodyOf(status: number, { length, coding }: Framing): ResponseHead["body"] {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== null) return coding === "chunked" ? "Chunked" : "UntilEnd";
  return length ?? "UntilEnd";
}

function readFields(head: string, start: number): Framing | null {
  const framing: Framing = { length: null, coding: null, close: false };
  for (let at = start; at < head.length - 2; ) {
    const end = head.indexOf("\r\n", at);
    const colon = head.indexOf(":", at);
    if (colon <= at || colon > end || isBlank(head, at) || isBlank(head, colon - 1)) return null;
    if (!readField(framing, head, at, colon, end)) return null;
    at = end + 2;
  }
  return framing;
}

const isBlank = (text: string, at: number): boolean => text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09;

/** Only names as long as one that matters are looked at: the others are most of the fields of an answer. */
function readField(framing: Framing, head: string, at: number, colon: number, end: number): boolean {
  const size = colon - at;
  if (size !== 10 && size !== 14 && size !== 17) return true;
  const name = head.slice(at, colon).toLowerCase();
  if (name === "content-length") return readLength(framing, head.slice(colon + 1, end).trim());
  if (name === "transfer-encoding") framing.coding = tokens(head.slice(colon + 1, end)).at(-1) ?? "";
  if (name === "connection") framing.close ||= tokens(head.slice(colon + 1, end)).includes("close");
  return true;
}

function readLength(framing: Framing, digits: string): boolean {
  const length = /^[0-9]{1,15}$/.test(digits) ? Number(digits) : null;
  if (length === null || (framing.length !== null && framing.length !== length)) return false;
  framing.length = length;
  return true;
}

const tokens = (value: string): string[] => value.split(",").map((part) => part.trim().toLowerCase());
