import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import { decodeRequest } from "../protocol/oip/decode-request.ts";
import { type EncodedResponse, encodeResponse, modelVersion } from "../protocol/oip/encode-response.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { deadlineOf, onTimeUntil } from "./admission.ts";
import type { Clock } from "./clock.ts";
import { Exchange } from "./exchange.ts";
import type { RunningModel } from "./running-model.ts";

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

export interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

export type ModelRequest = FastifyRequest<{ Params: ModelParams }>;

const startRetrySeconds = 2;
const emptyBody = new Uint8Array(0);

/** The model that a path names. Throws `ApiError`. */
export function modelAt({ name, version = modelVersion }: ModelParams, current: RunningModel | null): RunningModel {
  if (current === null) throw new ApiError("NotReady", {}, startRetrySeconds);
  const served = current.plan.modelName;
  if (name !== served || version !== modelVersion) {
    throw new ApiError("UnknownModel", {
      name: version === modelVersion ? name : `${name} version ${version}`,
      served,
    });
  }
  return current;
}

const mediaTypes = new Set([
  "application/json",
  "application/octet-stream",
  // What curl and fetch send when nobody says otherwise; the body is JSON all the same.
  "application/x-www-form-urlencoded",
  "text/plain",
]);

function checkHeaders(headers: FastifyRequest["headers"]): void {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "" && !mediaTypes.has(type)) throw new ApiError("UnsupportedMediaType", { type });
  const encoding = headers["content-encoding"]?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== "" && encoding !== "identity") {
    throw new ApiError("UnsupportedEncoding", { encoding });
  }
}

/** Before the body is read: whatever can be refused now costs neither its transfer nor its memory. */
export const beforeBody =
  ({ current, metrics, clock }: HttpContext) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const running = current();
    request.exchange = new Exchange(reply.raw, clock, metrics, running?.level ?? null);
    checkHeaders(request.headers);
    const length = Number(request.headers["content-length"] ?? 0);
    modelAt(request.params as ModelParams, running).dispatcher.checkRoom(length);
    done();
  };

/** Decode, admit, wait, encode. */
export const infer =
  ({ current }: HttpContext) =>
  async (request: ModelRequest, reply: FastifyReply): Promise<void> => {
    const exchange = request.exchange as Exchange;
    // Read again: the plan may have changed while the body came in. Nothing is awaited from here to `submit`.
    const model = modelAt(request.params, current());
    const body = (request.body as Buffer | null | undefined) ?? emptyBody;
    const decoded = decodeRequest(body, headerOf(request, "inference-header-content-length"), model.schema);
    const ticket = model.dispatcher.submit({
      inputs: decoded.inputs,
      outputs: decoded.outputs.map((output) => output.name),
      shape: model.shape(decoded.inputs),
      bytes: body.length,
      arrival: exchange.arrival,
      onTimeUntil: onTimeUntil(exchange.arrival, decoded.timeoutMicroseconds, model.plan.serviceLevel),
      deadline: deadlineOf(exchange.arrival, decoded.timeoutMicroseconds, model.plan.serviceLevel),
    });
    exchange.admitted(ticket, model.level);
    const answer = await ticket.answer;
    const response = encodeResponse(model.plan.modelName, decoded.id, answer.outputs, decoded.outputs);
    exchange.answered(answer.queueMicroseconds, answer.engineMicroseconds);
    sendAnswer(reply, response);
  };

/** Past fastify, whose path for replies looks for serializers and hooks that are not there: 5 % of a small request. */
function sendAnswer(reply: FastifyReply, { body, headerLength }: EncodedResponse): void {
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
}

/** Of a header that is given twice Node makes one with a comma, which no length is. */
function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
