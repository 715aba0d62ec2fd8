import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { type ApiErrorCode, apiErrors } from "../protocol/error-catalogue.ts";
import { ApiError, errorText } from "../protocol/errors.ts";
import { acceptedCodings } from "./content-encoding.ts";
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

/** The body of an error in the Open Inference Protocol. */
export const errorBody = ({ message }: ApiError): string => JSON.stringify({ error: message });

/** Answers with `{"error": "..."}` and the headers that belong to the status. */
export async function sendError(reply: FastifyReply, error: ApiError): Promise<void> {
  if (error.retryAfterSeconds !== null) reply.header("retry-after", String(error.retryAfterSeconds));
  if (error.code === "UnsupportedEncoding") reply.header("accept-encoding", acceptedCodings);
  await reply.code(error.status).type("application/json").send(errorBody(error));
}

/** What Node's parser finds, by its own codes; anything else is malformed. */
const faults: Readonly<Record<string, ApiErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "RequestTimeout",
  HPE_HEADER_OVERFLOW: "HeadersTooLarge",
};

/** For what is not even HTTP, so that no framework sees it: the answer is written by hand. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const code = faults[error.code ?? ""] ?? "MalformedRequest";
  const { status } = apiErrors[code];
  const body = JSON.stringify({ error: errorText(code) });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** For `Expect` with anything but `100-continue`, which Node itself would refuse without a text. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { status } = apiErrors.UnsupportedExpectation;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ error: errorText("UnsupportedExpectation") }));
}
