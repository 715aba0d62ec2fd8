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
  /** Has the answer come to its end? */
  readonly isWhole: (answer: Buffer) => boolean;
}

/** Sends bytes on a connection of their own, and ends it after the first whole answer or a pause. Never rejects. */
export function exchangeBytes(
  port: number,
  bytes: Uint8Array,
  { pauseMilliseconds, hangMilliseconds, isWhole }: Patience,
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
