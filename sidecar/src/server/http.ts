import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import { modelMetadata, serverMetadata } from "../protocol/oip/metadata.ts";
import { answerMalformed, sendError, toApiError } from "./http-errors.ts";
import { type InferContext, infer, type ModelParams, modelAt } from "./infer-route.ts";
import type { Log } from "./log.ts";

export interface HttpOptions extends InferContext {
  readonly log: Log;
  readonly version: string;
}

const requestTimeoutMilliseconds = 120_000;
const keepAliveMilliseconds = 75_000;

/** The Open Inference Protocol v2 over HTTP. Nothing is logged per request. */
export function httpApp(options: HttpOptions): FastifyInstance {
  const app = newApp(options.log);
  app.decorateRequest("exchange", null);
  serverRoutes(app, options);
  modelRoutes(app, options);
  return app;
}

/** A server whose every error, down to bytes that are not HTTP, is `{"error": "..."}`. */
export function newApp(log: Log): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const apiError = toApiError(error, log);
    request.exchange?.failed(apiError.outcome);
    return sendError(reply, apiError);
  };
  const app = fastify({
    clientErrorHandler: answerMalformed,
    forceCloseConnections: "idle",
    frameworkErrors: (error, request, reply) => void answer(error, request, reply as FastifyReply),
    keepAliveTimeout: keepAliveMilliseconds,
    requestTimeout: requestTimeoutMilliseconds,
    return503OnClosing: false,
  });
  app.setErrorHandler(answer);
  // Thrown before the body is read; the handler itself is reached by HEAD and the like.
  app.addHook("onRequest", (request, _reply, done) => {
    if (request.is404) throw new ApiError("UnknownPath");
    done();
  });
  app.setNotFoundHandler((request, reply) => answer(new ApiError("UnknownPath"), request, reply));
  return app;
}

function serverRoutes(app: FastifyInstance, { ready, version }: HttpOptions): void {
  route(app, "GET", "/v2", async () => serverMetadata(version));
  route(app, "GET", "/v2/health/live", async () => ({ live: true }));
  route(app, "GET", "/v2/health/ready", async (_request, reply) => {
    if (!ready()) throw new ApiError("NotReady", {}, 1);
    return reply.send({ ready: true });
  });
}

function modelRoutes(app: FastifyInstance, options: HttpOptions): void {
  const { current, ready } = options;
  for (const base of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    route(app, "GET", base, async (request) => {
      const { plan, signature, schema } = modelAt(request.params as ModelParams, current());
      return modelMetadata(plan.modelName, signature, schema.outputs);
    });
    route(app, "GET", `${base}/ready`, async (request) => {
      const { plan } = modelAt(request.params as ModelParams, current());
      if (!ready()) throw new ApiError("NotReady", {}, 1);
      return { name: plan.modelName, ready: true };
    });
    app.route({ method: "POST", url: `${base}/infer`, onRequest: infer(options), handler: neverReached });
    refuseOtherMethods(app, "POST", `${base}/infer`);
  }
}

/** For routes whose hook has the last word. */
const neverReached = async (): Promise<never> => {
  throw new Error("a request went past the hook that answers it");
};

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** One path that takes one method (and HEAD with GET). */
export function route(app: FastifyInstance, method: "GET" | "POST", url: string, handler: Handler): void {
  app.route({ method, url, handler });
  refuseOtherMethods(app, method, url);
}

const methods: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function refuseOtherMethods(app: FastifyInstance, allowed: "GET" | "POST", url: string): void {
  const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header("allow", allowed);
    throw new ApiError("MethodNotAllowed", { method: request.method, allowed });
  };
  const others = methods.filter((method) => method !== allowed);
  app.route({ method: others, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse });
}
