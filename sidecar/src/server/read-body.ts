import type { IncomingMessage } from "node:http";
import { ApiError } from "../protocol/errors.ts";

/**
 * Reads a request's body of at most `maximumBytes`. `done` is called once: with the body, or with `BodyTooLarge` as soon
 * as more is announced or has come. It is not called at all when the client leaves before the end: nobody would read
 * the answer.
 */
export function readBody(
  request: IncomingMessage,
  maximumBytes: number,
  done: (error: ApiError | null, body: Uint8Array) => void,
): void {
  const refuse = () => done(new ApiError("BodyTooLarge", { limit: maximumBytes }), nothing);
  if (Number(request.headers["content-length"] ?? 0) > maximumBytes) {
    refuse();
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    const before = bytes;
    bytes += chunk.length;
    if (bytes <= maximumBytes) chunks.push(chunk);
    else if (before <= maximumBytes) refuse();
  });
  request.on("end", () => {
    // Node copies each chunk out of its read buffer: a body that came in one piece is already its own.
    if (bytes <= maximumBytes) done(null, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
  });
  // Node reports a client that left as an error too; the exchange hears of it from the response.
  request.on("error", () => undefined);
}

const nothing = new Uint8Array(0);
