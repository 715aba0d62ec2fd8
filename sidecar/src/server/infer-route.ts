import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import { decodeRequest } from "../protocol/oip/decode-request.ts";
import { type EncodedResponse, encodeResponse } from "../protocol/oip/encode-response.ts";
import type { InferContext, ModelRoute } from "./answering-hook.ts";
import { compressAnswer } from "./compressed-body.ts";
import { answerCoding } from "./content-encoding.ts";
import type { Exchange } from "./exchange.ts";
import { errorBody } from "./http-errors.ts";
import { type ModelParams, modelAt } from "./model-at.ts";
import { cutSlowReader } from "./slow-reader.ts";
import { submitRequest } from "./submit-request.ts";

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

/** An inference request of the Open Inference Protocol: decode, admit, wait, encode. */
export const inferRoute: ModelRoute = {
  modelOf: (request, running) => {
    checkMediaType(request.headers);
    return modelAt(request.params as ModelParams, running);
  },
  errorBody,
  answer,
};

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
