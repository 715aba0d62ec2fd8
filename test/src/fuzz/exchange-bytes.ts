import { connect } from "node:net";

/** What became of one message. */
export interface ByteExchange {
  /** All that came back. */
  readonly answer: Buffer;
  /** The server did not end the connection in time after the client had. */
  readonly hung: boolean;
  /** Nobody listens any more. */
  readonly refused: boolean;
}

export interface Patience {
  /** How long an answer is waited for before the client ends its side; the server may want more of the message. */
  readonly pauseMilliseconds: number;
  /** How long the server's end is waited for after that. */
  readonly hangMilliseconds: number;
}

/** Sends bytes on a connection of their own, and ends it after the first whole answer or a pause. Never rejects. */
export function exchangeBytes(
  port: number,
  bytes: Uint8Array,
  { pauseMilliseconds, hangMilliseconds }: Patience,
): Promise<ByteExchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let refused = false;
    let hung = false;
    let ended = false;
    let timer: NodeJS.Timeout;
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const hang = () => {
      hung = true;
      socket.destroy();
    };
    const end = () => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      timer = setTimeout(hang, hangMilliseconds);
      socket.end();
    };
    socket.on("connect", () => {
      socket.write(bytes);
      timer = setTimeout(end, pauseMilliseconds);
    });
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks))) end();
    });
    socket.on("end", end);
    // A server may cut a connection whose client goes on sending; that is an answer too.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      refused = error.code === "ECONNREFUSED";
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ answer: Buffer.concat(chunks), hung, refused });
    });
  });
}

/** Is there a final answer with as many bytes as it announces? */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = bytes.toString("latin1", 0, end);
  if (/^HTTP\/1\.1 1\d\d /.test(head)) return isWhole(bytes.subarray(end + 4));
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return length !== undefined && bytes.length >= end + 4 + Number(length);
}

/** The status of the first final answer; null where there is none. */
export function statusOf(answer: Buffer): number | null {
  const status = /^(?:HTTP\/1\.1 1\d\d [\s\S]*?\r\n\r\n)*HTTP\/1\.1 (\d{3}) /.exec(answer.toString("latin1"))?.[1];
  return status === undefined ? null : Number(status);
}

/** An absolute path of two parts or more that is no URL of the protocol, a stack trace, or a module. */
const leakPatterns = [
  /(?<![\w./:])\/(?!v[12]\b)[\w.-]+\/[\w.-]+/,
  /\bat [\w.<>]+ \(|\n\s+at /,
  /node_modules|node:internal|\.(?:ts|js|mjs|so|onnx)\b(?![\w"'])/,
  /\b(?:Type|Range|Syntax|Reference)Error\b/,
];

/** What an answer shows of the server's inside, unless the client itself had sent it; null where it shows nothing. */
export function leakIn(answer: Buffer, sent: Uint8Array): string | null {
  const text = answer.toString("latin1");
  const request = Buffer.from(sent).toString("latin1");
  for (const pattern of leakPatterns) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && !request.includes(found)) return found;
  }
  return null;
}
