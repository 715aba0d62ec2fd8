import { itemsOf } from "../pipeline/encoded-items.ts";
import type { InferRequest } from "../protocol/oip/check-request.ts";
import { deadlineOf, onTimeUntil } from "./admission.ts";
import type { Exchange } from "./exchange.ts";
import type { RunningModel } from "./running-model.ts";
import type { Ticket } from "./submission.ts";
import { submitJoined } from "./submit-encoded.ts";

/**
 * Hands a request that passed every check to the model's dispatcher, through the pipeline where it brings texts or
 * encoded images. `bytes`: its size as it came over the wire.
 * `callDeadline`: when the protocol itself gives the call up, microseconds on the dispatcher's clock; infinite where it
 * does not. Throws `ApiError` where admission refuses it.
 */
export function submitRequest(
  model: RunningModel,
  request: InferRequest,
  exchange: Exchange,
  bytes: number,
  callDeadline: number = Number.POSITIVE_INFINITY,
): Ticket {
  const { inputs, outputs, timeoutMicroseconds: timeout } = request;
  const { serviceLevel, pipeline } = model.plan;
  const { arrival } = exchange;
  const times = {
    onTimeUntil: Math.min(onTimeUntil(arrival, timeout, serviceLevel), callDeadline),
    // A client that says how long it waits is kept in the queue for that long, but not counted on to like it: what is
    // late is still decided by the target.
    deadline:
      timeout === null && callDeadline !== Number.POSITIVE_INFINITY
        ? callDeadline
        : Math.min(deadlineOf(arrival, timeout, serviceLevel), callDeadline),
  };
  const names = outputs.map((output) => output.name);
  const [first] = inputs;
  if (pipeline !== undefined && first?.datatype === "BYTES") {
    return submitJoined(model, { items: itemsOf(first, pipeline), outputs: names, ...times }, exchange);
  }
  const ticket = model.dispatcher.submit({
    inputs,
    outputs: names,
    shape: model.shape(inputs),
    bytes,
    arrival,
    ...times,
  });
  exchange.admitted(ticket, model.level);
  return ticket;
}
