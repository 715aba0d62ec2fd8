import type { Writable } from "node:stream";
import type { Tensor } from "../tensor.ts";
import { encodeFrame, FrameError, type FrameHeader } from "./frames.ts";

/** `options`: those of this kind of engine, already checked. */
export interface LoadRequest {
  readonly kind: "load";
  readonly file: string;
  readonly threads: number;
  readonly spinning: boolean;
  readonly options: Readonly<Record<string, string>>;
}

/** What the server asks an engine process. It answers strictly in the order of the questions. */
export type EngineRequest =
  | LoadRequest
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
  /** `version`: name and version of the engine. */
  | { readonly kind: "loaded"; readonly microseconds: number; readonly version: string }
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
  const { kind, file, threads, spinning, options, outputs } = header;
  if (kind === "ping" || kind === "stats") return { kind };
  if (kind === "load" && typeof file === "string" && isNumber(threads) && typeof spinning === "boolean") {
    if (isTexts(options)) return { kind, file, threads, spinning, options };
  }
  if (kind === "run" && isStrings(outputs)) return { kind, outputs };
  throw new FrameError("the frame holds no request that an engine knows");
}

/** Reads a frame's header as a reply. Throws `FrameError` for an unknown kind or a missing field. */
export function readReply(header: FrameHeader): EngineReply {
  const { kind, microseconds, message, version } = header;
  if (kind === "pong") return { kind };
  if (kind === "ran" && isNumber(microseconds)) return { kind, microseconds };
  if (kind === "loaded" && isNumber(microseconds) && typeof version === "string") {
    return { kind, microseconds, version: version.slice(0, longestVersion) };
  }
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

/** What a report takes of it. */
const longestVersion = 128;
const isNumber = (value: unknown): value is number => typeof value === "number";
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && Object.values(value).every((item) => typeof item === "string");
