import { once } from "node:events";
import type { Transport, TransportRequest } from "@sweetspot/operator";

type Answer = Awaited<ReturnType<Transport["send"]>>;

/** What becomes of an event of a watch: it passes, is lost without a trace, or is lost with the connection. */
type Fate = "pass" | "lose" | "break";

const isWatch = ({ path }: TransportRequest): boolean => /[?&]watch=true/.test(path);
/** `/api/v1/namespaces/x/pods?...`, not one pod. */
const isList = (request: TransportRequest): boolean =>
  request.method === "GET" && !isWatch(request) && /\/[a-z]+\?.*limit=/.test(request.path);
const collectionOf = ({ path }: TransportRequest): string => path.replace(/\?.*$/, "");

/** A network and an API server that fail, between an operator and a real one. Without a fault set it changes nothing. */
export class FaultyTransport implements Transport {
  /** Requests that the process has sent, answered or not. */
  requests = 0;
  /** Answers instead of the server where it returns something. */
  refuse: (request: TransportRequest) => Answer | undefined = () => undefined;
  /** Asked of each event of a watch but bookmarks. */
  fateOf: (event: string, request: TransportRequest) => Fate = () => "pass";
  readonly #inner: Transport;
  readonly #firstLists = new Map<string, string>();
  /** By collection: how many lists are still answered with the first one. */
  #replays = new Map<string, number>();
  #cut = new AbortController();
  #silence: AbortController | null = null;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  /** The next lists of each collection are as old as the first one that was asked for, as from a server that lags behind. */
  replayFirstLists(times: number): void {
    this.#replays = new Map([...this.#firstLists.keys()].map((collection) => [collection, times]));
  }

  /** Whether lists of that plural will still be old. */
  isReplaying(plural: string): boolean {
    return [...this.#replays].some(([collection, left]) => collection.endsWith(`/${plural}`) && left > 0);
  }

  /** Breaks the connections of all watches. */
  cutWatches(): void {
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  /** Watches that are open now stay so, and nothing comes from them ever again; new ones are as they should be. */
  silenceWatches(): void {
    this.#silence?.abort();
    this.#silence = new AbortController();
  }

  async send(request: TransportRequest): Promise<Answer> {
    this.requests++;
    request.signal.throwIfAborted();
    const refused = this.refuse(request);
    if (refused !== undefined) return refused;
    const old = this.#oldList(request);
    if (old !== null) return { status: 200, body: bytesOf(old) };
    if (isWatch(request)) return await this.#watch(request);
    const answer = await this.#inner.send(request);
    return isList(request) ? { ...answer, body: this.#remembered(answer.body, request) } : answer;
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #oldList(request: TransportRequest): string | null {
    const collection = collectionOf(request);
    const left = this.#replays.get(collection) ?? 0;
    if (!isList(request) || left === 0) return null;
    this.#replays.set(collection, left - 1);
    return this.#firstLists.get(collection) ?? null;
  }

  async *#remembered(body: AsyncIterable<Uint8Array>, request: TransportRequest): AsyncGenerator<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) {
      chunks.push(chunk);
      yield chunk;
    }
    const collection = collectionOf(request);
    if (!this.#firstLists.has(collection)) this.#firstLists.set(collection, Buffer.concat(chunks).toString("utf8"));
  }

  async #watch(request: TransportRequest): Promise<Answer> {
    const ended = new AbortController();
    const signal = AbortSignal.any([request.signal, ended.signal]);
    const answer = await this.#inner.send({ ...request, signal });
    return answer.status === 200 ? { ...answer, body: this.#watched(answer.body, request, ended) } : answer;
  }

  /** Whole lines, so that an event is there or not. */
  async *#watched(
    body: AsyncIterable<Uint8Array>,
    request: TransportRequest,
    ended: AbortController,
  ): AsyncGenerator<Uint8Array> {
    const { signal: cut } = this.#cut;
    // What is silenced later was open before.
    this.#silence ??= new AbortController();
    const { signal: silenced } = this.#silence;
    const broken = once(cut, "abort").then(() => "broken" as const);
    const lines = linesOf(body);
    try {
      for (;;) {
        const coming = lines.next();
        coming.catch(() => undefined);
        const next = await Promise.race([coming, broken]);
        if (silenced.aborted) await forEver(request.signal);
        if (next === "broken") throw new Error("socket hang up");
        if (next.done) return;
        const fate = next.value.startsWith('{"type":"BOOKMARK"') ? "pass" : this.fateOf(next.value, request);
        if (fate === "break") throw new Error("socket hang up");
        if (fate === "pass") yield Buffer.from(`${next.value}\n`);
      }
    } finally {
      ended.abort();
    }
  }
}

/** What an API server says instead of an answer. `retryAfter`: seconds. */
export function refusal(status: number, reason: string, retryAfter?: string): Answer {
  const body = bytesOf(JSON.stringify({ kind: "Status", apiVersion: "v1", code: status, reason, message: reason }));
  return { status, body, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** The answer to a watch that begins before what the API server remembers. */
export function expired(request: TransportRequest): Answer | undefined {
  if (!isWatch(request)) return undefined;
  const object = {
    kind: "Status",
    apiVersion: "v1",
    code: 410,
    reason: "Expired",
    message: "too old resource version",
  };
  return { status: 200, body: bytesOf(`${JSON.stringify({ type: "ERROR", object })}\n`) };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

async function forEver(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}
