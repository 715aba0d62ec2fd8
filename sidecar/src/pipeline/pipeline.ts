import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { InputPipeline } from "@sweetspot/crds";
import type { ModelSignature } from "../model/signature.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Log } from "../server/log.ts";
import type { Tensor } from "../tensor.ts";
import { imageDatatype, imageRow } from "./image-rows.ts";
import { makeOutputs } from "./make-outputs.ts";
import type { PreprocessGreeting, PreprocessItem, PreprocessResult, PreprocessSettings } from "./messages.ts";
import { type PreparedRow, type TokenIds, textRows } from "./text-rows.ts";
import { ThreadPool } from "./thread-pool.ts";

/** What may wait for the threads of a pipeline, and when one request stops to wait. */
export interface PreparationLimits {
  readonly maximumItems: number;
  readonly maximumBytes: number;
  readonly isOver: () => boolean;
}

/** Texts and images are prepared by threads; token ids come from clients and need none. */
export type PipelineItem = PreprocessItem | TokenIds;

type Pool = ThreadPool<PreprocessItem, PreprocessResult>;
type RowBuilder = (tokens: TokenIds) => PreparedRow;

const retrySeconds = 1;

/**
 * What a plan does before and after its model. Preprocessing runs in threads of its own, so that a slow input delays
 * neither the engines nor the requests beside it; what comes after the model is a pass over a few floats, done in place.
 */
export class Pipeline {
  readonly plan: InputPipeline;
  readonly #pool: Pool;
  readonly #textRow: RowBuilder | null;
  readonly #imageRow: (picture: Extract<PreprocessResult, { kind: "Image" }>) => PreparedRow;
  readonly #labels: readonly string[] | null;
  #underWay = 0;
  #stopped = false;
  #idleListeners: (() => void)[] = [];

  private constructor(plan: InputPipeline, pool: Pool, rows: Rows, labels: string[] | null) {
    this.plan = plan;
    this.#pool = pool;
    this.#textRow = rows.text;
    this.#imageRow = rows.image;
    this.#labels = labels;
  }

  /** Starts the threads and proves that tokenizer, images and model fit together. Rejects with `Error`. */
  static async open(plan: InputPipeline, signature: ModelSignature, log: Log): Promise<Pipeline> {
    const { text = null, image = null } = plan;
    // Libraries that threads load for themselves must be loaded before, and stay (sharp's documentation on worker threads).
    if (image !== null) await import("sharp");
    const datatype = image === null ? "FP32" : imageDatatype(image, signature);
    const settings: PreprocessSettings = { text, image, datatype };
    const program = new URL(`./preprocess-worker${extname(import.meta.url)}`, import.meta.url);
    const labels = await readLabels(plan);
    const options = { program, settings, threads: plan.threads, log };
    const { pool, greeting } = await ThreadPool.open<PreprocessItem, PreprocessResult, Ready>(options, acceptGreeting);
    try {
      if (text !== null) checkVocabulary(text.inputs.ids, greeting.largestId, signature);
      const rows: Rows = {
        text: text === null ? null : textRows(text, signature, greeting.padding),
        image: (picture) => imageRow(image as NonNullable<typeof image>, datatype, picture),
      };
      return new Pipeline(plan, pool, rows, labels);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /**
   * Prepares the items of one request and hands the rows, in the same order, to `submit`. What is under way until then
   * is what `stop` waits for. Rejects with `ApiError`; what `submit` throws goes through.
   */
  async prepare<T>(
    items: readonly PipelineItem[],
    limits: PreparationLimits,
    submit: (rows: readonly PreparedRow[]) => T,
  ): Promise<T> {
    if (this.#stopped) throw new ApiError("ShuttingDown", {}, 1);
    this.#underWay += 1;
    try {
      return submit(await this.#prepare(items, limits));
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const listener of this.#idleListeners.splice(0)) listener();
    }
  }

  /** The outputs of one row under the names that clients see. */
  finish(names: readonly string[], row: { readonly outputs: readonly Tensor[]; readonly tokens: number }): Tensor[] {
    return makeOutputs(this.plan, names, row, this.#labels);
  }

  /** Refuses new requests and resolves when all that are under way have been submitted. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => this.#idleListeners.push(resolve));
  }

  /** Ends the threads; what is still under way is answered with `ShuttingDown`. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#pool.close();
  }

  async #prepare(items: readonly PipelineItem[], limits: PreparationLimits): Promise<PreparedRow[]> {
    const encoded = items.filter(isEncoded);
    const size = encoded.reduce((sum, item) => sum + sizeOf(item), 0);
    const { items: waiting, bytes } = this.#pool;
    const full = waiting + encoded.length > limits.maximumItems || bytes + size > limits.maximumBytes;
    // As at the engines: what is alone always fits.
    if (full && waiting > 0) throw new ApiError("QueueFull", {}, retrySeconds);
    const results = encoded.length === 0 ? [] : await this.#pool.run(encoded, sizeOf, limits.isOver);
    let next = 0;
    return items.map((item, index) =>
      isEncoded(item) ? this.#row(results[next++] as PreprocessResult, index) : this.#fill(item),
    );
  }

  #row(result: PreprocessResult, index: number): PreparedRow {
    const { text, image } = this.plan;
    if (result.kind === "Image") return this.#imageRow(result);
    if (result.kind === "InvalidImage") throw new ApiError("InvalidImage", { index });
    if (result.kind === "ImageTooLarge")
      throw new ApiError("ImageTooLarge", { index, limit: `${image?.maximumPixels} pixels` });
    if (result.kind === "Text" && result.ids.length > 0) return this.#fill(result);
    if (result.kind === "Text") throw new ApiError("EmptyText", { index });
    const limit = text?.maximumTokens ?? 0;
    throw new ApiError("TextTooLong", { index, length: result.tokens, unit: "tokens", limit });
  }

  #fill(tokens: TokenIds): PreparedRow {
    if (this.#textRow === null) throw new Error("the plan has no text pipeline");
    return this.#textRow(tokens);
  }
}

type Ready = Extract<PreprocessGreeting, { kind: "Ready" }>;

interface Rows {
  readonly text: RowBuilder | null;
  readonly image: (picture: Extract<PreprocessResult, { kind: "Image" }>) => PreparedRow;
}

const isEncoded = (item: PipelineItem): item is PreprocessItem =>
  typeof item === "string" || item instanceof Uint8Array;
/** A text in bytes of memory, two for each UTF-16 unit at most. */
const sizeOf = (item: PreprocessItem): number => (typeof item === "string" ? item.length * 2 : item.length);

function acceptGreeting(greeting: unknown): Ready {
  const said = greeting as PreprocessGreeting;
  if (said.kind === "Failed") throw new Error(`the input pipeline cannot be prepared: ${said.message}`);
  return said;
}

/** A tokenizer of another model is the usual mistake: its ids leave the embedding table. */
function checkVocabulary(ids: string, largestId: number, { inputBounds }: ModelSignature): void {
  const maximum = inputBounds.find(({ name }) => name === ids)?.maximum ?? largestId;
  if (largestId > maximum) {
    throw new Error(`the tokenizer gives ids up to ${largestId}, but the model takes at most ${maximum} for ${ids}`);
  }
}

async function readLabels({ classification }: InputPipeline): Promise<string[] | null> {
  if (classification?.labels === undefined) return null;
  const text = await readFile(classification.labels.file, "utf8");
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}
