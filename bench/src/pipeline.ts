import { readFile } from "node:fs/promises";
import type { InputPipeline } from "@sweetspot/crds";
import { median } from "@sweetspot/planner";
import { describeModel, openTokenizer, Pipeline } from "@sweetspot/sidecar";
import { minilmModel, minilmTensors, minilmTokenizer, passages } from "@sweetspot/test";
import { compareDecoders, type DecodingRound } from "./images/compare-decoders.ts";
import { pythonWays } from "./images/python-decoder.ts";
import { type ResultRow, writeResult } from "./write-result.ts";

const rounds = 9;
const textsPerRound = 256;
/** Requests that are under way at once. */
const together = 32;
const lengths = [16, 64, 256];
const words = 0.72;
const log = { info: () => undefined, warn: console.error, error: console.error };
const limits = { maximumItems: 1e6, maximumBytes: 1e9, isOver: () => false };

/** CPU microseconds for one item: of the thread that takes requests, and of the whole process. */
interface Cost {
  readonly requestThread: number;
  readonly process: number;
}

type Way = (texts: readonly string[]) => Promise<unknown> | unknown;

/**
 * What an input costs in the thread that takes requests and in all: tokenizing in place, in one thread of a pipeline and,
 * where it is installed (`npm install --no-save tokenizers`), with the same project's binding to Rust; and JPEG to pixels, beside Pillow
 * and libjpeg-turbo (simplejpeg).
 */
export async function benchPipeline(): Promise<void> {
  const model = minilmModel();
  if (model === null) throw new Error("the sentence encoder is missing; run `npm run setup` first");
  const signature = await describeModel(model);
  const inPlace = openTokenizer(JSON.parse(await readFile(minilmTokenizer(), "utf8")));
  const pipeline = await Pipeline.open(textPlan(), signature, log);
  const native = await nativeTokenizer();
  const ways: Record<string, Way> = {
    inPlace: (texts) => texts.map((text) => inPlace.encode(text)),
    thread: (texts) => inGroups(texts, (text) => pipeline.prepare([text], limits, (rows) => rows)),
  };
  if (native !== null) ways["native"] = (texts) => inGroups(texts, native);
  const costs: Record<string, Record<string, Cost[]>> = {};
  for (const length of lengths) costs[length] = await compare(ways, textsOf(length));
  await pipeline.close();
  const images = await compareDecoders();
  await writeResult(
    "pipeline",
    [...lengths.flatMap((length) => textRows(length, costs[length] ?? {})), ...imageRows(images)],
    {
      rounds,
      textsPerRound,
      costs,
      images,
    },
  );
}

/** Interleaved, so that a machine that changes speed changes it for all. The first rounds are the compiler's. */
async function compare(ways: Record<string, Way>, texts: readonly string[]): Promise<Record<string, Cost[]>> {
  const costs = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as Cost[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const cost = await costOf(() => way(texts), texts.length);
      if (round >= rounds / 3) costs[name]?.push(cost);
    }
  }
  return costs;
}

/** CPU time and not the clock's: a neighbour that takes the CPU away does not count. */
async function costOf(act: () => unknown, items: number): Promise<Cost> {
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  await act();
  const [threadEnd, allEnd] = [process.threadCpuUsage(thread), process.cpuUsage(all)];
  return { requestThread: (threadEnd.user + threadEnd.system) / items, process: (allEnd.user + allEnd.system) / items };
}

async function inGroups(texts: readonly string[], act: (text: string) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < texts.length; i += together) await Promise.all(texts.slice(i, i + together).map(act));
}

function textsOf(tokens: number): string[] {
  const all = passages(2000, 1).join(" ").split(" ");
  const count = Math.round(tokens * words);
  return Array.from({ length: textsPerRound }, (_, i) => {
    const start = (i * count) % (all.length - count);
    return all.slice(start, start + count).join(" ");
  });
}

const textPlan = (): InputPipeline => ({
  threads: 1,
  text: {
    input: "text",
    tokenizer: { file: minilmTokenizer() },
    maximumCharacters: 65_536,
    maximumTokens: 512,
    truncation: "Right",
    inputs: { ids: minilmTensors.ids, mask: minilmTensors.mask },
  },
});

/** The binding to Rust is not a dependency: its package holds the libraries of thirteen platforms, 64 MB. */
async function nativeTokenizer(): Promise<((text: string) => Promise<unknown>) | null> {
  const name = "tokenizers";
  const library = await import(name).catch(() => null);
  if (library === null) return null;
  const tokenizer = library.Tokenizer.fromFile(minilmTokenizer());
  return async (text) => (await tokenizer.encode(text)).getIds();
}

function textRows(length: number, costs: Record<string, Cost[]>): ResultRow[] {
  const rows = [
    ratioRow(`request thread, one pipeline thread / in place, ${length} tokens`, costs, ["thread", "requestThread"], 1),
    ratioRow(`all threads, one pipeline thread / in place, ${length} tokens`, costs, ["thread", "process"], 3),
  ];
  if (costs["native"] === undefined) return rows;
  return [
    ...rows,
    ratioRow(
      `all threads, binding to Rust / one pipeline thread, ${length} tokens`,
      costs,
      ["native", "process"],
      10,
      "thread",
    ),
  ];
}

function ratioRow(
  measure: string,
  costs: Record<string, Cost[]>,
  [name, kind]: [string, keyof Cost],
  atMost: number,
  to = "inPlace",
): ResultRow {
  const ratios = (costs[name] ?? []).map((cost, i) => cost[kind] / (costs[to]?.[i]?.process ?? Number.NaN));
  return { measure, ratio: summary(ratios), wanted: 0, atMost };
}

const summary = (values: readonly number[]) => ({
  median: median(values),
  minimum: Math.min(...values),
  maximum: Math.max(...values),
  rounds: values.length,
});

/** The server's own pipeline, and each library of Python over it, where they install. */
function imageRows(measured: readonly DecodingRound[]): ResultRow[] {
  const milliseconds = median(measured.map((round) => round.process / 1000)).toFixed(2);
  const own: ResultRow = {
    measure: `request thread / all threads, JPEG 640x480 to 224x224 floats (${milliseconds} ms of CPU each)`,
    ratio: summary(measured.map((round) => round.requestThread / round.process)),
    wanted: 0,
    atMost: 0.25,
  };
  const others = pythonWays.flatMap((way): ResultRow[] => {
    const ratios = measured.flatMap(({ process: all, python }) => (python[way] === undefined ? [] : python[way] / all));
    if (ratios.length === 0) return [];
    return [{ measure: `CPU of one JPEG, Python with ${way} / pipeline`, ratio: summary(ratios), wanted: 0 }];
  });
  return [own, ...others];
}
