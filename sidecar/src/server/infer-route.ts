import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import { decodeRequest } from "../protocol/oip/decode-request.ts";
import { type EncodedResponse, encodeResponse } from "../protocol/oip/encode-response.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Clock } from "./clock.ts";
import { compressAnswer } from "./compressed-body.ts";
import { answerCoding, contentCoding } from "./content-encoding.ts";
import { type ClosedSignal, Exchange } from "./exchange.ts";
import type { HttpLimits } from "./http-limits.ts";
import { type ModelParams, modelAt } from "./model-at.ts";
import type { BodyReader } from "./read-body.ts";
import type { RunningModel } from "./running-model.ts";
import { cutSlowReader } from "./slow-reader.ts";
import { submitRequest } from "./submit-request.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set for inference requests only. */
    exchange: Exchange | null;
  }
}

/** What the routes know of the server. */
export interface HttpContext {
  readonly current: () => RunningModel | null;
  /** False while the server starts, drains, or has no engine up. */
  readonly ready: () => boolean;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface InferContext extends HttpContext {
  readonly bodies: BodyReader;
  readonly limits: HttpLimits;
}

const mediaTypes = new Set([
  "application/json",
  "application/octet-stream",
  // What curl and fetch send when nobody says otherwise; the body is JSON all the same.
  "application/x-www-form-urlencoded",
  "text/plain",
]);

function checkMediaType(headers: FastifyRequest["headers"]): void {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "" && !mediaTypes.has(type)) throw new ApiError("UnsupportedMediaType", { type });
}

/**
 * Answers an inference request: check, read, decode, admit, wait, encode.
 *
 * It is a hook that fastify calls before anything else, and which goes on only to report an error: what lies between the
 * hook and a handler, and between a handler and the socket (parsers of media types, validation, serializers, further
 * hooks), would find nothing to do here and was a sixth of the server's CPU time for a small request.
 */
export const infer =
  (context: InferContext) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const exchange = beforeBody(context, request, reply);
    const coding = contentCoding(request.headers["content-encoding"]);
    context.bodies.read(request.raw, coding, (error, body) => {
      // The rest of what is too long is not worth reading.
      if (error !== null) void reply.header("connection", "close");
      if (error !== null) done(error);
      else answer(context, request, reply, body, exchange).catch(done);
    });
  };

/** Whatever can be refused now costs neither the body's transfer nor its memory. Throws `ApiError`. */
function beforeBody({ current, metrics, clock }: InferContext, request: FastifyRequest, reply: FastifyReply): Exchange {
  const running = current();
  const { raw } = reply;
  const whenClosed: ClosedSignal = (listener) => raw.once("close", () => listener(raw.writableFinished));
  const exchange = new Exchange(whenClosed, clock, metrics, running?.level ?? null);
  request.exchange = exchange;
  checkMediaType(request.headers);
  const length = Number(request.headers["content-length"] ?? 0);
  modelAt(request.params as ModelParams, running).dispatcher.checkRoom(length);
  return exchange;
}

async function answer(
  { current, limits }: InferContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array,
  exchange: Exchange,
): Promise<void> {
  // Asked again: the plan may have changed while the body came in. Nothing is awaited from here to `submit`.
  const model = modelAt(request.params as ModelParams, current());
  const decoded = decodeRequest(body, headerOf(request, "inference-header-content-length"), model.schema);
  const ticket = submitRequest(model, decoded, exchange, body.length);
  const { outputs, queueMicroseconds, engineMicroseconds } = await ticket.answer;
  const response = encodeResponse(model.plan.modelName, decoded.id, outputs, decoded.outputs);
  const coding = answerCoding(request.headers["accept-encoding"], response.body.length);
  const compressed = coding === null ? null : await compressAnswer(response.body, coding);
  exchange.answered(queueMicroseconds, engineMicroseconds);
  if (compressed !== null) reply.raw.setHeader("content-encoding", coding as string);
  sendAnswer(reply, compressed === null ? response : { ...response, body: compressed }, limits.answerMilliseconds);
}

function sendAnswer(reply: FastifyReply, { body, headerLength }: EncodedResponse, patience: number): void {
  reply.hijack();
  const { raw } = reply;
  if (headerLength === null) {
    raw.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  } else {
    raw.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": body.length,
      "inference-header-content-length": headerLength,
    });
  }
  if (typeof body === "string") raw.end(body, "latin1");
  else raw.end(body);
  cutSlowReader(raw, patience);
}

/** Of a header that is given twice Node makes one with a comma, which no length is. */
function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
