import type { Writable } from "node:stream";
import type { Tensor } from "../tensor.ts";
import { encodeFrame, FrameError, type FrameHeader } from "./frames.ts";

/** What the server asks an engine process. It answers strictly in the order of the questions. */
export type EngineRequest =
  | { readonly kind: "load"; readonly file: string; readonly threads: number; readonly spinning: boolean }
  /** The frame's tensors are the inputs. */
  | { readonly kind: "run"; readonly outputs: readonly string[] }
  | { readonly kind: "ping" }
  | { readonly kind: "stats" };

/** What an engine process has done since it started. */
export interface EngineStatistics {
  readonly batches: number;
  readonly rejected: number;
  /** Time spent in batches, as reported with each of them. */
  readonly busyMicroseconds: number;
  readonly residentBytes: number;
}

export type EngineReply =
  | { readonly kind: "loaded"; readonly microseconds: number }
  /** The frame's tensors are the outputs, in the order of the request. */
  | { readonly kind: "ran"; readonly microseconds: number }
  | { readonly kind: "pong" }
  | ({ readonly kind: "stats" } & EngineStatistics)
  /** The request could not be served; the process lives and takes the next one. */
  | { readonly kind: "rejected"; readonly message: string };

/** Writes one message. Throws `FrameError` when it is too large, before anything is written. */
export function sendMessage(
  stream: Writable,
  id: number,
  message: EngineRequest | EngineReply,
  tensors: readonly Tensor[] = [],
): void {
  const chunks = encodeFrame({ id, ...message }, tensors);
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.uncork();
}

/** Reads a frame's header as a request. Throws `FrameError` for an unknown kind or a missing field. */
export function readRequest(header: FrameHeader): EngineRequest {
  const { kind, file, threads, spinning, outputs } = header;
  if (kind === "ping" || kind === "stats") return { kind };
  if (kind === "load" && typeof file === "string" && isNumber(threads) && typeof spinning === "boolean") {
    return { kind, file, threads, spinning };
  }
  if (kind === "run" && isStrings(outputs)) return { kind, outputs };
  throw new FrameError("the frame holds no request that an engine knows");
}

/** Reads a frame's header as a reply. Throws `FrameError` for an unknown kind or a missing field. */
export function readReply(header: FrameHeader): EngineReply {
  const { kind, microseconds, message } = header;
  if (kind === "pong") return { kind };
  if ((kind === "loaded" || kind === "ran") && isNumber(microseconds)) return { kind, microseconds };
  if (kind === "rejected" && typeof message === "string") return { kind, message };
  if (kind === "stats") return { kind, ...readStatistics(header) };
  throw new FrameError("the frame holds no reply that a server knows");
}

function readStatistics(header: FrameHeader): EngineStatistics {
  const { batches, rejected, busyMicroseconds, residentBytes } = header;
  if (isNumber(batches) && isNumber(rejected) && isNumber(busyMicroseconds) && isNumber(residentBytes)) {
    return { batches, rejected, busyMicroseconds, residentBytes };
  }
  throw new FrameError("the frame holds no statistics");
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
