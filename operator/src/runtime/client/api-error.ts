/** Reasons that this client gives itself, when there is no answer of the API server to quote. */
export type LocalReason = "Unreachable" | "DeadlineExceeded" | "Aborted" | "WriteRefused" | "WatchQuiet" | "BadAnswer";

export interface ApiErrorFields {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** `Status.reason` of the API server, or one of `LocalReason`. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

const longestMessage = 1024;
const gatewayFailures: ReadonlySet<number> = new Set([502, 503, 504]);
const noAnswer: ReadonlySet<string> = new Set(["Unreachable", "DeadlineExceeded"]);

/** Everything that can go wrong with a request to the API server. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | null;

  constructor(fields: ApiErrorFields) {
    super(fields.message.slice(0, longestMessage), { cause: fields.cause });
    this.name = "ApiError";
    this.status = fields.status;
    this.reason = fields.reason;
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null;
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  get conflict(): boolean {
    return this.status === 409 && this.reason !== "AlreadyExists";
  }

  get alreadyExists(): boolean {
    return this.status === 409 && this.reason === "AlreadyExists";
  }

  /**
   * The API server, a quota, a policy or a webhook will not have this object, as things are: people have to be told. A range of Service
   * addresses that is full is an internal error to it.
   */
  get refused(): boolean {
    return [400, 403, 422].includes(this.status) || (this.status === 500 && this.reason === "InternalError");
  }

  /** The resourceVersion or the continue token is too old: list again. */
  get gone(): boolean {
    return this.status === 410 || this.reason === "Expired";
  }

  /** The API server could not be reached or cannot answer at all: nothing about this very request is wrong. */
  get unreachable(): boolean {
    return noAnswer.has(this.reason) || gatewayFailures.has(this.status);
  }
}

/** An error of our own making, with status 0. */
export function localError(reason: LocalReason, message: string, cause?: unknown): ApiError {
  return new ApiError({ status: 0, reason, message, cause });
}

interface StatusBody {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown };
}

/** The error in a refusing answer. `body`: a `metav1.Status` as JSON, or whatever a proxy wrote. */
export function errorOfAnswer(what: string, status: number, body: string, retryAfter?: string): ApiError {
  const parsed = parseStatus(body);
  const reason = typeof parsed.reason === "string" && parsed.reason !== "" ? parsed.reason : `Http${status}`;
  const text = typeof parsed.message === "string" ? parsed.message : body.slice(0, 200);
  const retryAfterSeconds = secondsOf(retryAfter) ?? secondsOf(parsed.details?.retryAfterSeconds);
  return new ApiError({
    status,
    reason,
    message: `${what}: ${status} ${reason}: ${text}`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** The error in a watch event of type ERROR, whose object is a `metav1.Status`. */
export function errorOfStatus(what: string, object: unknown): ApiError {
  const code = (object as StatusBody | null)?.code;
  return errorOfAnswer(what, typeof code === "number" ? code : 500, JSON.stringify(object ?? {}));
}

function parseStatus(body: string): StatusBody {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
