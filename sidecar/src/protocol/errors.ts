import { type ApiErrorCode, apiErrors, type ErrorOutcome } from "./error-catalogue.ts";
import { type GrpcStatus, grpcStatusOf } from "./grpc-status.ts";

const longestValue = 200;

/** A value of the client's, cut and without control characters, so that it is fit for an error text. */
function printable(value: string | number): string {
  const text = String(value).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "?");
  return text.length > longestValue ? `${text.slice(0, longestValue)}...` : text;
}

/** The text of an error with its values filled in. */
export function errorText(code: ApiErrorCode, values: Readonly<Record<string, string | number>> = {}): string {
  return apiErrors[code].template.replace(/\{(\w+)\}/g, (_, word: string) => printable(values[word] ?? ""));
}

/** An error whose message is meant for the client. Anything else that is thrown is answered as `InternalError`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  /** Seconds for `Retry-After`; null without that header. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ApiErrorCode,
    values: Readonly<Record<string, string | number>> = {},
    retryAfterSeconds: number | null = null,
  ) {
    // Without a stack: nobody reads it, and an overloaded server would spend a twelfth of its time on it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(errorText(code, values));
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return apiErrors[this.code].status;
  }

  /** Its status over gRPC. */
  get grpcStatus(): GrpcStatus {
    return grpcStatusOf(this.code);
  }

  get outcome(): ErrorOutcome {
    return apiErrors[this.code].outcome;
  }
}
