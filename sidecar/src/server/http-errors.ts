import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { ApiError, errorText } from "../protocol/errors.ts";
import type { Log } from "./log.ts";

interface HttpFault {
  readonly statusCode?: number;
}

/** Turns anything that was thrown into an error of the catalogue; what is not the client's fault is logged. */
export function toApiError(error: unknown, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode } = error as HttpFault;
  if (statusCode !== undefined && statusCode < 500) return new ApiError("MalformedRequest");
  log.error({ err: error }, "request failed");
  return new ApiError("InternalError");
}

/** Answers with `{"error": "..."}` and the headers that belong to the status. */
export async function sendError(reply: FastifyReply, error: ApiError): Promise<void> {
  if (error.retryAfterSeconds !== null) reply.header("retry-after", String(error.retryAfterSeconds));
  await reply
    .code(error.status)
    .type("application/json")
    .send(JSON.stringify({ error: error.message }));
}

/** For what is not even HTTP, so that no framework sees it: the answer is written by hand. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, code] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? (["408 Request Timeout", "RequestTimeout"] as const)
      : (["400 Bad Request", "MalformedRequest"] as const);
  const body = JSON.stringify({ error: errorText(code) });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
