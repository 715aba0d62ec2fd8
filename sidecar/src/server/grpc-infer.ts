import { decodeInfer } from "../protocol/grpc/decode-infer.ts";
import { encodeInfer } from "../protocol/grpc/encode-infer.ts";
import { readInferMessage } from "../protocol/grpc/infer-message.ts";
import type { HttpContext } from "./answering-hook.ts";
import { Exchange } from "./exchange.ts";
import type { CallHandler, UnaryCall } from "./grpc-call.ts";
import { toGrpcApiError } from "./grpc-errors.ts";
import type { Log } from "./log.ts";
import { modelAt } from "./model-at.ts";
import { submitRequest } from "./submit-request.ts";

/** What the calls know of the server. */
export interface GrpcContext extends HttpContext {
  readonly log: Log;
  /** Milliseconds until a call whose message has not come is refused. */
  readonly messagePatience: number;
}

/** `ModelInfer`: check, read, decode, admit, wait, encode. */
export const inferCall =
  (context: GrpcContext): CallHandler =>
  (call) => {
    const exchange = exchangeOf(call, context);
    const fail = (error: unknown) => {
      const apiError = toGrpcApiError(error, context.log);
      exchange.failed(apiError.outcome);
      call.fail(apiError);
    };
    try {
      // A full server spends neither the transfer nor the memory of a message on what it refuses.
      context.current()?.dispatcher.checkRoom(0);
    } catch (error) {
      fail(error);
      return;
    }
    call.read(context.messagePatience, (error, message) => {
      if (error !== null) fail(error);
      else answer(call, message, exchange, context).catch(fail);
    });
  };

function exchangeOf(call: UnaryCall, { current, clock, metrics }: GrpcContext): Exchange {
  const exchange: Exchange = new Exchange(
    (closed) =>
      call.whenClosed((sent) => {
        const expired = call.timeRanOut();
        if (expired) exchange.failed("Expired");
        closed(sent || expired);
      }),
    clock,
    metrics,
    current()?.level ?? null,
  );
  return exchange;
}

async function answer(call: UnaryCall, bytes: Buffer, exchange: Exchange, { current }: GrpcContext): Promise<void> {
  const message = readInferMessage(bytes);
  // Nothing is awaited from here to `submit`: the plan may change.
  const model = modelAt(namedModel(message.modelName, message.modelVersion), current());
  const decoded = decodeInfer(message, model.schema);
  const ticket = submitRequest(model, decoded, exchange, bytes.length, call.deadline);
  const { outputs, queueMicroseconds, engineMicroseconds } = await ticket.answer;
  const response = encodeInfer(model.plan.modelName, decoded.id, outputs, decoded.outputs);
  exchange.answered(queueMicroseconds, engineMicroseconds);
  call.answer(response);
}

/** An empty version is whichever there is. */
export const namedModel = (name: string, version: string) => (version === "" ? { name } : { name, version });
