import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { TextPipeline } from "@sweetspot/crds";
import type { PreprocessGreeting, PreprocessItem, PreprocessResult, PreprocessSettings } from "./messages.ts";
import { openTokenizer, type TextEncoder } from "./tokenizer.ts";

/**
 * A thread that turns texts into token ids and encoded images into pixels: greets once, then answers each list of items
 * with a list of results. Items are worked on one after the other, so that a thread is at most one CPU.
 */

type Prepare = (item: PreprocessItem) => PreprocessResult | Promise<PreprocessResult>;

async function readTokenizer({ tokenizer: { file } }: TextPipeline): Promise<TextEncoder> {
  const definition = JSON.parse(await readFile(file, "utf8"));
  const config = await readFile(join(dirname(file), "tokenizer_config.json"), "utf8").catch(() => "{}");
  return openTokenizer(definition, JSON.parse(config));
}

function textPreparer(plan: TextPipeline, tokenizer: TextEncoder): Prepare {
  const limit = Math.min(plan.maximumTokens, tokenizer.longest);
  return (item) => {
    const tokens = tokenizer.encode(item as string);
    if (plan.truncation === "Refuse" && tokens.ids.length > limit) {
      return { kind: "TooManyTokens", tokens: tokens.ids.length };
    }
    const { ids, typeIds } = tokenizer.truncate(tokens, limit);
    const segments = typeIds.some((id) => id !== 0) ? Int32Array.from(typeIds) : null;
    return { kind: "Text", ids: Int32Array.from(ids), typeIds: segments };
  };
}

async function start({ text, image, datatype }: PreprocessSettings): Promise<[PreprocessGreeting, Prepare]> {
  if (text !== null) {
    const tokenizer = await readTokenizer(text);
    const { padding, largestId } = tokenizer;
    return [{ kind: "Ready", padding, largestId }, textPreparer(text, tokenizer)];
  }
  if (image === null) throw new Error("there is nothing to prepare");
  const { decodeImage, limitImageLibrary } = await import("./decode-image.ts");
  limitImageLibrary();
  return [{ kind: "Ready", padding: 0, largestId: 0 }, (item) => decodeImage(item as Uint8Array, image, datatype)];
}

async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this program runs as a thread");
  const [greeting, prepare] = await start(workerData as PreprocessSettings);
  const answer = async (items: readonly PreprocessItem[]) => {
    const results: PreprocessResult[] = [];
    for (const item of items) results.push(await prepare(item));
    port.postMessage(results, results.flatMap(pixelsOf));
  };
  port.on("message", (items: readonly PreprocessItem[]) => void answer(items));
  port.postMessage(greeting);
}

/** Moved to the other thread; a handful of token ids is copied in less time. */
const pixelsOf = (result: PreprocessResult): ArrayBuffer[] =>
  result.kind === "Image" ? [result.data.buffer as ArrayBuffer] : [];

try {
  await main();
} catch (error) {
  parentPort?.postMessage({ kind: "Failed", message: String(error) } satisfies PreprocessGreeting);
}
