import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { ApiError } from "../protocol/errors.ts";
import { encodeRetryDetails } from "../protocol/grpc/messages.ts";
import { grpcCodes } from "../protocol/grpc-status.ts";
import type { Log } from "./log.ts";

/** Turns anything that was thrown into an error of the catalogue; what is not the client's fault is logged. */
export function toGrpcApiError(error: unknown, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  log.error({ err: error }, "call failed");
  return new ApiError("InternalError");
}

/**
 * What a failed call ends with. Where the client may come again, it learns when: as google.rpc.RetryInfo, which libraries
 * know, as `grpc-retry-pushback-ms`, which clients with a retry policy obey, and as `retry-after`, as over HTTP.
 */
export function grpcFailure(error: ApiError): Pick<ServiceError, "code" | "details" | "metadata" | "message" | "name"> {
  const code = grpcCodes[error.grpcStatus];
  const metadata = new Metadata();
  const seconds = error.retryAfterSeconds;
  if (seconds !== null) {
    metadata.set("retry-after", String(seconds));
    metadata.set("grpc-retry-pushback-ms", String(seconds * 1000));
    metadata.set("grpc-status-details-bin", encodeRetryDetails(code, error.message, seconds));
  }
  return { name: error.name, message: error.message, details: error.message, code, metadata };
}
