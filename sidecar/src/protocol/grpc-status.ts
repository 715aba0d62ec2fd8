import { type ApiErrorCode, apiErrors } from "./error-catalogue.ts";

/** Status codes of gRPC, by the names of its specification. */
export const grpcCodes = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
export type GrpcStatus = keyof typeof grpcCodes;

/** What a status means over gRPC, in the codes that Triton gives its own errors. */
const grpcByStatus: Readonly<Record<number, GrpcStatus>> = {
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  408: "DEADLINE_EXCEEDED",
  413: "RESOURCE_EXHAUSTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** Where gRPC tells apart what HTTP does not: a server that is full from one that is not there. */
const grpcByCode: Partial<Record<ApiErrorCode, GrpcStatus>> = {
  QueueFull: "RESOURCE_EXHAUSTED",
  TooLate: "RESOURCE_EXHAUSTED",
  // No limit of the moment: the same request is never taken.
  TooManyRows: "INVALID_ARGUMENT",
  UnknownPath: "UNIMPLEMENTED",
};

/** The status over gRPC of an error. */
export const grpcStatusOf = (code: ApiErrorCode): GrpcStatus =>
  grpcByCode[code] ?? grpcByStatus[apiErrors[code].status] ?? "INVALID_ARGUMENT";
