import type { IncomingHttpHeaders } from "node:http2";
import { apiErrors } from "@sweetspot/sidecar";
import type { FuzzTarget, FuzzVerdict } from "../fuzz-target.ts";
import { callFrames, connectionBytes, type GrpcMessage, watchCall } from "./grpc-message.ts";
import { frameFlags, framesIn, frameTypes, type Http2Frame } from "./http2-frames.ts";
import { mutatedCall } from "./mutate-grpc.ts";
import { headersIn } from "./read-answer.ts";

/** gRPC over HTTP/2. `corpus`: well-formed calls, which are all answered with OK. */
export const grpcTarget = (corpus: readonly GrpcMessage[]): FuzzTarget => ({
  good: corpus.map((call) => connectionBytes(callFrames(call, 1))),
  mutated: (choices) => mutatedCall([...corpus, watchCall], choices),
  isWhole: (answer) => framesIn(answer).some(isLast),
  isOver: (answer) => framesIn(answer).some(({ type }) => type === frameTypes.goAway),
  judge,
});

const isLast = ({ type, flags }: Http2Frame): boolean => {
  if (type === frameTypes.reset || type === frameTypes.goAway) return true;
  return (type === frameTypes.headers || type === frameTypes.data) && (flags & frameFlags.endStream) !== 0;
};

/** By their numbers, https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
const names = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

async function judge(answer: Buffer): Promise<FuzzVerdict> {
  const frames = framesIn(answer);
  const blocks = frames.some(({ type }) => type === frameTypes.headers) ? await headersIn(answer) : [];
  const text = [...blocks.map(readableHeaders), ...frames.map(readablePayload)].join("\n");
  const code = blocks.flatMap((headers) => headers["grpc-status"] ?? []).at(-1);
  const status = code === undefined ? withoutStatus(frames, blocks) : (names[Number(code)] ?? `code ${code}`);
  // The library says INTERNAL of frames that break its rules; only our own says that something was not foreseen.
  const unforeseen = status === "UNKNOWN" || text.includes(apiErrors.InternalError.template);
  return { status, text, good: status === "OK", unforeseen };
}

function withoutStatus(frames: readonly Http2Frame[], blocks: readonly IncomingHttpHeaders[]): string {
  const status = blocks.find((headers) => headers[":status"] !== undefined)?.[":status"];
  if (frames.some(({ type }) => type === frameTypes.goAway)) return "GOAWAY";
  if (frames.some(({ type }) => type === frameTypes.reset)) return "RST_STREAM";
  return status === undefined ? "none" : `HTTP ${status}`;
}

/** Values as the client's user gets them: percent-encoded messages in clear, binary ones decoded. */
const readableHeaders = (headers: IncomingHttpHeaders): string =>
  Object.entries(headers)
    .map(([name, value]) => {
      const text = String(value);
      return `${name}: ${name.endsWith("-bin") ? Buffer.from(text, "base64").toString("latin1") : unescaped(text)}`;
    })
    .join("\n");

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is not compressed: messages, and the words of a GOAWAY. */
const readablePayload = ({ type, payload }: Http2Frame): string =>
  type === frameTypes.data || type === frameTypes.goAway ? Buffer.from(payload).toString("latin1") : "";
