import type { ServingPlan } from "@sweetspot/crds";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { checkText } from "../pipeline/encoded-items.ts";
import type { PipelineItem } from "../pipeline/pipeline.ts";
import { floatsOf } from "../pipeline/pool-embedding.ts";
import { ApiError } from "../protocol/errors.ts";
import {
  checkDimensions,
  decodeEmbeddingsRequest,
  type EmbeddingInput,
  type EmbeddingsRequest,
} from "../protocol/openai/embeddings-request.ts";
import { encodeEmbeddings } from "../protocol/openai/embeddings-response.ts";
import { openAiError } from "../protocol/openai/openai-error.ts";
import type { Tensor } from "../tensor.ts";
import { deadlineOf, onTimeUntil } from "./admission.ts";
import { answeringHook, type InferContext, type ModelRoute, neverReached } from "./answering-hook.ts";
import type { Exchange } from "./exchange.ts";
import { toApiError } from "./http-errors.ts";
import type { Log } from "./log.ts";
import { modelAt } from "./model-at.ts";
import type { RunningModel } from "./running-model.ts";
import { cutSlowReader } from "./slow-reader.ts";
import { type RowsAnswer, submitEncoded } from "./submit-encoded.ts";

type TextPlan = NonNullable<NonNullable<ServingPlan["pipeline"]>["text"]>;

const path = "/v1/embeddings";
const otherMethods: readonly HTTPMethods[] = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * `POST /v1/embeddings` as OpenAI has it (https://platform.openai.com/docs/api-reference/embeddings), for plans with a
 * text pipeline that makes embeddings. Every error is OpenAI's error object.
 */
export function embeddingsRoute(app: FastifyInstance, context: InferContext & { readonly log: Log }): void {
  const errorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const apiError = toApiError(error, context.log);
    request.exchange?.failed(apiError.outcome);
    if (apiError.retryAfterSeconds !== null) void reply.header("retry-after", String(apiError.retryAfterSeconds));
    void reply.code(apiError.status).type("application/json").send(openAiError(apiError));
  };
  app.route({
    method: "POST",
    url: path,
    errorHandler,
    onRequest: answeringHook(context, embed),
    handler: neverReached,
  });
  const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header("allow", "POST");
    throw new ApiError("MethodNotAllowed", { method: request.method, allowed: "POST" });
  };
  app.route({ method: [...otherMethods], url: path, errorHandler, onRequest: refuse, handler: neverReached });
}

const embed: ModelRoute = {
  errorBody: (error) => JSON.stringify(openAiError(error)),
  modelOf: (request, running) => {
    checkMediaType(request.headers["content-type"]);
    if (running === null) throw new ApiError("NotReady", {}, 1);
    embeddingPlan(running);
    return running;
  },
  answer,
};

function checkMediaType(header: string | undefined): void {
  const type = header?.split(";", 1)[0]?.trim().toLowerCase() || "application/json";
  if (type !== "application/json") throw new ApiError("UnsupportedMediaType", { type });
}

/** Throws `ApiError` where the plan makes no embeddings of texts. */
function embeddingPlan({ plan: { pipeline } }: RunningModel): { readonly text: TextPlan; readonly name: string } {
  const { text, embedding } = pipeline ?? {};
  if (text === undefined || embedding === undefined) throw new ApiError("NoEmbeddings");
  return { text, name: embedding.name };
}

async function answer(
  { current, limits }: InferContext,
  _request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array,
  exchange: Exchange,
): Promise<void> {
  const request = decodeEmbeddingsRequest(body);
  const model = modelAt({ name: request.model }, current());
  const answered = await submit(model, request, exchange).answer;
  const vectors = answered.rows.map(([vector]) => floatsOf(vector as Tensor));
  for (const vector of vectors) checkDimensions(request.dimensions, vector.length);
  const { encoding } = request;
  const json = encodeEmbeddings({ model: model.plan.modelName, vectors, encoding, tokens: answered.tokens });
  send(reply, json, limits.answerMilliseconds);
  exchange.answered(answered.queueMicroseconds, answered.engineMicroseconds);
}

function submit(
  model: RunningModel,
  { inputs, dimensions }: EmbeddingsRequest,
  exchange: Exchange,
): { readonly answer: Promise<RowsAnswer> } {
  const { text, name } = embeddingPlan(model);
  const native = model.visible.outputs.find((output) => output.name === name)?.shape.at(-1) ?? -1;
  if (native !== -1) checkDimensions(dimensions, native);
  const items = inputs.map((input, index) => itemOf(input, text, index));
  const { serviceLevel } = model.plan;
  const { arrival } = exchange;
  const request = {
    items,
    outputs: [name],
    onTimeUntil: onTimeUntil(arrival, null, serviceLevel),
    deadline: deadlineOf(arrival, null, serviceLevel),
  };
  return submitEncoded(model, request, exchange);
}

/** Token ids are taken as they are: special tokens are the client's business. */
function itemOf(
  input: EmbeddingInput,
  { maximumTokens, maximumCharacters, truncation }: TextPlan,
  index: number,
): PipelineItem {
  if (typeof input === "string") {
    checkText(input, maximumCharacters, index);
    return input;
  }
  if (input.length <= maximumTokens) return { ids: input, typeIds: null };
  if (truncation === "Right") return { ids: input.slice(0, maximumTokens), typeIds: null };
  throw new ApiError("TextTooLong", { index, length: input.length, unit: "tokens", limit: maximumTokens });
}

function send(reply: FastifyReply, body: string, patience: number): void {
  reply.hijack();
  reply.raw.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  reply.raw.end(body);
  cutSlowReader(reply.raw, patience);
}
