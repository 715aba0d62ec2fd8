/** A frame of HTTP/2 as data. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  /** Written in place of the number of bytes that follow. */
  readonly length?: number;
}

export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, continuation: 9 } as const;
export const frameFlags = { endStream: 1, acknowledge: 1, endHeaders: 4 } as const;

/** What a client says first; frames follow. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const headBytes = 9;
const largestPayload = 16_384;

export function frameBytes({ type, flags, stream, payload, length = payload.length }: Http2Frame): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(length % 2 ** 24, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The frames that are whole. */
export function framesIn(bytes: Buffer): Http2Frame[] {
  const frames: Http2Frame[] = [];
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const end = at + headBytes + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type, flags, stream] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5)];
    frames.push({ type, flags, stream, payload: bytes.subarray(at + headBytes, end) });
    at = end;
  }
  return frames;
}

const pieces = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.max(1, Math.ceil(bytes.length / largestPayload)) }, (_, i) =>
    bytes.subarray(i * largestPayload, (i + 1) * largestPayload),
  );

/** The frames of one request: its headers, then its body. */
export function requestFrames(
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
  stream: number,
): Http2Frame[] {
  const blocks = pieces(Buffer.concat(headers.map(literalHeader)));
  const parts = pieces(body);
  return [
    ...blocks.map((payload, i) => ({
      type: i === 0 ? frameTypes.headers : frameTypes.continuation,
      flags: i === blocks.length - 1 ? frameFlags.endHeaders : 0,
      stream,
      payload,
    })),
    ...parts.map((payload, i) => ({
      type: frameTypes.data,
      flags: i === parts.length - 1 ? frameFlags.endStream : 0,
      stream,
      payload,
    })),
  ];
}

/** A header that is written in full (HPACK's literal without indexing), so that nothing of it is checked or lost. */
function literalHeader([name, value]: readonly [string, string]): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name, "latin1"), Buffer.from(value, "latin1")];
  return Buffer.concat([
    Buffer.from([0, ...lengthPrefix(nameBytes.length)]),
    nameBytes,
    Buffer.from(lengthPrefix(valueBytes.length)),
    valueBytes,
  ]);
}

/** HPACK's integer with seven bits in the first byte, RFC 7541 section 5.1. */
function lengthPrefix(length: number): number[] {
  if (length < 127) return [length];
  const written = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) written.push((rest % 128) | 128);
  return [...written, rest];
}
