import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import { modelMetadata, serverMetadata } from "../protocol/oip/metadata.ts";
import { modelConfig } from "../protocol/oip/model-config.ts";
import { modelStatistics } from "../protocol/oip/model-statistics.ts";
import { answeringHook, type InferContext, neverReached } from "./answering-hook.ts";
import { embeddingsRoute } from "./embeddings-route.ts";
import { answerExpectation, answerMalformed, sendError, toApiError } from "./http-errors.ts";
import { checkMilliseconds, defaultLimits, type HttpLimits } from "./http-limits.ts";
import { inferRoute } from "./infer-route.ts";
import type { Log } from "./log.ts";
import { anyModel, type ModelParams, modelAt } from "./model-at.ts";
import { BodyReader } from "./read-body.ts";
import type { RunningModel } from "./running-model.ts";

export interface HttpOptions extends Omit<InferContext, "bodies" | "limits"> {
  readonly log: Log;
  readonly version: string;
  /** Larger bodies are refused with 413 before they are read. */
  readonly maximumBodyBytes: number;
  /** `defaultLimits` unless given. */
  readonly limits?: HttpLimits;
}

type RouteContext = HttpOptions & InferContext;

/** The Open Inference Protocol v2 over HTTP. Nothing is logged per request. */
export function httpApp(options: HttpOptions): FastifyInstance {
  const { log, maximumBodyBytes, limits = defaultLimits } = options;
  const context: RouteContext = {
    ...options,
    limits,
    bodies: new BodyReader(maximumBodyBytes, limits.unfinishedBytes),
  };
  const app = newApp(log, limits);
  app.decorateRequest("exchange", null);
  serverRoutes(app, context);
  modelRoutes(app, context);
  embeddingsRoute(app, context);
  return app;
}

/** A server whose every error, down to bytes that are not HTTP, is `{"error": "..."}`. */
export function newApp(log: Log, limits: HttpLimits = defaultLimits): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const apiError = toApiError(error, log);
    request.exchange?.failed(apiError.outcome);
    return sendError(reply, apiError);
  };
  const app = fastify({
    clientErrorHandler: answerMalformed,
    forceCloseConnections: "idle",
    frameworkErrors: (error, request, reply) => void answer(error, request, reply as FastifyReply),
    http: {
      connectionsCheckingInterval: checkMilliseconds(limits),
      headersTimeout: limits.headersMilliseconds,
      maxHeaderSize: limits.headerBytes,
    },
    keepAliveTimeout: limits.idleMilliseconds,
    requestTimeout: limits.requestMilliseconds,
    return503OnClosing: false,
  });
  app.server.maxConnections = limits.connections;
  app.server.on("checkExpectation", answerExpectation);
  app.setErrorHandler(answer);
  // Thrown before the body is read; the handler itself is reached by HEAD and the like.
  app.addHook("onRequest", (request, _reply, done) => {
    // Node would drop those beyond a number of its own in silence.
    if (request.raw.rawHeaders.length > 2 * limits.headers) throw new ApiError("HeadersTooLarge");
    if (request.is404) throw new ApiError("UnknownPath");
    done();
  });
  app.setNotFoundHandler((request, reply) => answer(new ApiError("UnknownPath"), request, reply));
  return app;
}

function serverRoutes(app: FastifyInstance, { ready, version }: RouteContext): void {
  route(app, "GET", "/v2", async () => serverMetadata(version));
  route(app, "GET", "/v2/health/live", async () => ({ live: true }));
  route(app, "GET", "/v2/health/ready", async (_request, reply) => {
    if (!ready()) throw new ApiError("NotReady", {}, 1);
    return reply.send({ ready: true });
  });
}

function modelRoutes(app: FastifyInstance, context: RouteContext): void {
  const { current, ready, metrics } = context;
  const answer = answeringHook(context, inferRoute);
  const statistics = ({ plan }: RunningModel) => modelStatistics(plan.modelName, metrics.statistics.snapshot());
  route(app, "GET", "/v2/models/stats", async () => statistics(anyModel(current())));
  for (const base of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    route(app, "GET", base, async (request) => {
      const { plan, visible, signature } = modelAt(request.params as ModelParams, current());
      return modelMetadata(plan.modelName, visible, signature.platform);
    });
    route(app, "GET", `${base}/ready`, async (request) => {
      const { plan } = modelAt(request.params as ModelParams, current());
      if (!ready()) throw new ApiError("NotReady", {}, 1);
      return { name: plan.modelName, ready: true };
    });
    route(app, "GET", `${base}/config`, async (request) =>
      modelConfig(modelAt(request.params as ModelParams, current())),
    );
    route(app, "GET", `${base}/stats`, async (request) =>
      statistics(modelAt(request.params as ModelParams, current())),
    );
    app.route({ method: "POST", url: `${base}/infer`, onRequest: answer, handler: neverReached });
    refuseOtherMethods(app, "POST", `${base}/infer`);
  }
}

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
