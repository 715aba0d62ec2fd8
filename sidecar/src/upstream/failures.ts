import { DocumentError } from "@sweetspot/crds";
import { EngineFailure, type EngineFailureKind } from "../engine/engine.ts";
import { ApiError } from "../protocol/errors.ts";

/**
 * What the status of another server means for a batch. A batch that the server calls wrong, or fails on, is parted in
 * halves like that of an own engine; what only says "not now" waits. 404 and 502 come while a server starts or changes
 * its model.
 */
export function failureOfStatus(status: number): EngineFailureKind {
  if ([404, 408, 425, 429, 502, 503].includes(status)) return "Unavailable";
  if (status === 504) return "Hung";
  return status >= 400 && status < 500 ? "Rejected" : "Crashed";
}

/** Likewise for the code of a gRPC call; codes of https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
export function failureOfCode(code: number, details: string): EngineFailureKind {
  const [invalid, late, notFound, exhausted, precondition, outOfRange, unimplemented, unavailable] = [
    3, 4, 5, 8, 9, 11, 12, 14,
  ];
  if (code === late) return "Hung";
  if (code === unavailable) return lostConnection.test(details) ? "Crashed" : "Unavailable";
  if (code === notFound || code === exhausted) return "Unavailable";
  return [invalid, precondition, outOfRange, unimplemented].includes(code) ? "Rejected" : "Crashed";
}

/** The words of grpc-js for a connection that ended under a call. */
const lostConnection = /connection dropped|ECONNRESET|EPIPE|socket hang up/i;

/** A connection that could not be made at all carried no batch; one that broke may have broken because of it. */
const neverConnected = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"];

/** Any error of a request to another server as an `EngineFailure`. */
export function asFailure(error: unknown): EngineFailure {
  if (error instanceof EngineFailure) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && neverConnected.includes(code)) {
    return new EngineFailure("Unavailable", `the upstream server cannot be reached: ${message || code}`);
  }
  if (error instanceof ApiError || error instanceof DocumentError) {
    return new EngineFailure("Crashed", `the upstream server's answer cannot be read: ${message}`);
  }
  return new EngineFailure("Crashed", `the connection to the upstream server broke: ${message || code}`);
}
