import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Clock } from "./clock.ts";
import { contentCoding } from "./content-encoding.ts";
import { Exchange } from "./exchange.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { BodyReader } from "./read-body.ts";
import type { RunningModel } from "./running-model.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set for requests that ask the model only. */
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

/** A route whose requests go to the model. */
export interface ModelRoute {
  /** Gives the model that is asked. Throws `ApiError` for what can be refused without the body. */
  readonly modelOf: (request: FastifyRequest, running: RunningModel | null) => RunningModel;
  /** The body of an error as this route's clients know it, JSON. */
  readonly errorBody: (error: ApiError) => string;
  /** Rejects with `ApiError` until it has begun to answer. */
  readonly answer: (
    context: InferContext,
    request: FastifyRequest,
    reply: FastifyReply,
    body: Uint8Array,
    exchange: Exchange,
  ) => Promise<void>;
}

/**
 * Answers the requests of a route: check, read, then the route's own answer.
 *
 * It is a hook that fastify calls before anything else, and which goes on only to report an error: what lies between the
 * hook and a handler, and between a handler and the socket (parsers of media types, validation, serializers, further
 * hooks), would find nothing to do here and was a sixth of the server's CPU time for a small request.
 */
export const answeringHook =
  (context: InferContext, route: ModelRoute) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const running = context.current();
    const exchange = begin(context, running, request, reply);
    // Whatever can be refused now costs neither the body's transfer nor its memory.
    const { dispatcher } = route.modelOf(request, running);
    try {
      dispatcher.checkRoom(Number(request.headers["content-length"] ?? 0));
    } catch (error) {
      if (error instanceof ApiError) refuse(reply, exchange, error, route.errorBody(error));
      else done(error as Error);
      return;
    }
    const coding = contentCoding(request.headers["content-encoding"]);
    context.bodies.read(request.raw, coding, (error: ApiError | null, body) => {
      // The rest of what is too long is not worth reading.
      if (error !== null) void reply.header("connection", "close");
      if (error !== null) done(error);
      else route.answer(context, request, reply, body, exchange).catch(done);
    });
  };

/** For routes whose hook has the last word. */
export const neverReached = async (): Promise<never> => {
  throw new Error("a request went past the hook that answers it");
};

function begin(
  { metrics, clock }: InferContext,
  running: RunningModel | null,
  request: FastifyRequest,
  { raw }: FastifyReply,
): Exchange {
  const exchange = new Exchange(
    (listener) => raw.once("close", () => listener(raw.writableFinished)),
    clock,
    metrics,
    running?.level ?? null,
  );
  request.exchange = exchange;
  return exchange;
}

/** Under overload most requests end here, so it is done by hand: fastify's way to an error takes several times as long. */
function refuse(reply: FastifyReply, exchange: Exchange, error: ApiError, body: string): void {
  exchange.failed(error.outcome);
  reply.hijack();
  reply.raw.writeHead(error.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "retry-after": String(error.retryAfterSeconds ?? 1),
  });
  reply.raw.end(body);
}
