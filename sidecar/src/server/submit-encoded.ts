import { joinRows } from "../pipeline/join-rows.ts";
import { modelOutputs } from "../pipeline/make-outputs.ts";
import type { Pipeline, PipelineItem } from "../pipeline/pipeline.ts";
import type { PreparedRow } from "../pipeline/text-rows.ts";
import { ApiError } from "../protocol/errors.ts";
import { checkValues } from "../protocol/oip/check-values.ts";
import type { Tensor } from "../tensor.ts";
import type { Exchange } from "./exchange.ts";
import type { RunningModel } from "./running-model.ts";
import type { Answer, Ticket } from "./submission.ts";

/** A request whose inputs are texts, token ids or encoded images: one item is one row. */
export interface EncodedRequest {
  readonly items: readonly PipelineItem[];
  /** Names as clients see them. */
  readonly outputs: readonly string[];
  /** As in `Submission`, microseconds. */
  readonly onTimeUntil: number;
  readonly deadline: number;
}

/** What a request's rows became. */
export interface RowsAnswer extends Answer {
  /** For each row, in the order of the items, the requested outputs in their order. */
  readonly rows: readonly (readonly Tensor[])[];
  /** Tokens of all texts together, the special ones included. */
  readonly tokens: number;
}

interface RowsTicket {
  readonly answer: Promise<RowsAnswer>;
  cancel(): void;
}

/**
 * Takes a request through the pipeline and each of its rows through the dispatcher on its own, so that the batch former
 * can put rows of one request into different batches. Throws `ApiError` where there is no room for it; later errors
 * come with the answer, and one row's error is the whole request's.
 */
export function submitEncoded(model: RunningModel, request: EncodedRequest, exchange: Exchange): RowsTicket {
  const { pipeline } = model;
  if (pipeline === undefined) throw new Error("the plan has no pipeline");
  const { maximumQueuedRows } = model.plan.admission;
  const rows = request.items.length;
  if (rows > maximumQueuedRows) throw new ApiError("TooManyRows", { rows, limit: maximumQueuedRows });
  const run = new EncodedRun(model, pipeline, request, exchange);
  const ticket = { answer: run.answer(), cancel: () => run.leave() };
  exchange.admitted(ticket, model.level);
  return ticket;
}

/** As `submitEncoded`, with the rows joined into one tensor for each output, as the Open Inference Protocol has them. */
export function submitJoined(model: RunningModel, request: EncodedRequest, exchange: Exchange): Ticket {
  const { answer, cancel } = submitEncoded(model, request, exchange);
  return { answer: answer.then((rows) => ({ ...rows, outputs: joinRows(rows.rows) })), cancel };
}

class EncodedRun {
  readonly #model: RunningModel;
  readonly #pipeline: Pipeline;
  readonly #request: EncodedRequest;
  readonly #exchange: Exchange;
  #tickets: readonly Ticket[] = [];
  /** The client left, so that nothing of the request is of use any more. */
  #left = false;

  constructor(model: RunningModel, pipeline: Pipeline, request: EncodedRequest, exchange: Exchange) {
    this.#model = model;
    this.#pipeline = pipeline;
    this.#request = request;
    this.#exchange = exchange;
  }

  leave(): void {
    this.#left = true;
    this.#withdraw();
  }

  /** Never settles after `leave`, like the answers of the dispatcher. */
  async answer(): Promise<RowsAnswer> {
    try {
      return await this.#run();
    } catch (error) {
      this.#withdraw();
      if (this.#left) return new Promise(() => undefined);
      throw error;
    }
  }

  #withdraw(): void {
    for (const ticket of this.#tickets) ticket.cancel();
  }

  async #run(): Promise<RowsAnswer> {
    const { admission } = this.#model.plan;
    const { items, outputs } = this.#request;
    const limits = {
      maximumItems: admission.maximumQueuedRows,
      maximumBytes: admission.maximumQueuedBytes,
      isOver: () => this.#left || this.#exchange.now() > this.#request.deadline,
    };
    const decodedAt = this.#exchange.now();
    let prepared: readonly PreparedRow[] = [];
    this.#tickets = await this.#pipeline.prepare(items, limits, (rows) => {
      prepared = rows;
      return this.#submitAll(rows);
    });
    if (this.#left) this.#withdraw();
    const preprocess = this.#exchange.now() - decodedAt;
    this.#exchange.preprocessed(preprocess);
    // The first failure is the request's.
    const answers = await Promise.all(this.#tickets.map(({ answer }) => answer));
    const answeredAt = this.#exchange.now();
    const rows = answers.map((answer, i) =>
      this.#pipeline.finish(outputs, { outputs: answer.outputs, tokens: prepared[i]?.tokens ?? 0 }),
    );
    this.#exchange.postprocessed(this.#exchange.now() - answeredAt);
    const tokens = prepared.reduce((sum, row) => sum + row.tokens, 0);
    return { ...timesOf(answers, preprocess), outputs: [], rows, tokens };
  }

  /** All rows or none: where one is refused, those before it are taken back. */
  #submitAll(rows: readonly PreparedRow[]): Ticket[] {
    const tickets: Ticket[] = [];
    try {
      for (const { inputs } of rows) tickets.push(this.#submit(inputs));
    } catch (error) {
      for (const ticket of tickets) ticket.cancel();
      throw error;
    }
    return tickets;
  }

  #submit(inputs: readonly Tensor[]): Ticket {
    const { dispatcher, schema, shape } = this.#model;
    for (const [index, tensor] of inputs.entries())
      checkValues(tensor, schema.inputs[index] as (typeof schema.inputs)[0]);
    const { outputs, onTimeUntil, deadline } = this.#request;
    return dispatcher.submit({
      inputs,
      outputs: modelOutputs(this.#pipeline.plan, outputs),
      shape: shape(inputs),
      bytes: inputs.reduce((sum, { data }) => sum + data.length, 0),
      arrival: this.#exchange.arrival,
      onTimeUntil,
      deadline,
    });
  }
}

/** From the arrival to the first hand-over without preprocessing, and from there to the last answer. */
function timesOf(
  answers: readonly Answer[],
  preprocess: number,
): Pick<Answer, "queueMicroseconds" | "engineMicroseconds"> {
  const first = Math.min(...answers.map(({ queueMicroseconds }) => queueMicroseconds));
  const last = Math.max(
    ...answers.map(({ queueMicroseconds, engineMicroseconds }) => queueMicroseconds + engineMicroseconds),
  );
  return { queueMicroseconds: Math.max(0, first - preprocess), engineMicroseconds: last - first };
}
