import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@sweetspot/planner";
import { Choices } from "./choices.ts";
import { type ByteExchange, exchangeBytes, leakIn, statusOf } from "./exchange-bytes.ts";
import { type HttpMessage, messageBytes } from "./http-message.ts";
import { mutatedBytes } from "./mutate-http.ts";

export interface FuzzOptions {
  readonly port: number;
  readonly messages: number;
  /** Message `i` follows from `seed` and `i` alone. */
  readonly seed: number;
  /** An answer that takes longer, or a connection that stays open longer, is a hang. */
  readonly hangMilliseconds: number;
  /** Well-formed messages, which are all answered with 200. */
  readonly corpus: readonly HttpMessage[];
}

/** Something that must not happen. */
interface FuzzFinding {
  readonly kind: "Crash" | "Hang" | "Leak" | "ServerError" | "GoodRequestFailed";
  /** Which message; null for the good requests between them. */
  readonly index: number | null;
  readonly detail: string;
}

export interface FuzzReport {
  readonly messages: number;
  /** How many were answered with which status; "none" where the connection ended without an answer. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly FuzzFinding[];
  /** Well-formed requests that were sent meanwhile. */
  readonly goodRequests: number;
  readonly slowestGoodMilliseconds: number;
}

const lanes = 24;
const pauseMilliseconds = 100;
const mostFindings = 100;
const betweenGoodMilliseconds = 100;

/** The bytes of one message of a run. */
function fuzzMessage(corpus: readonly HttpMessage[], seed: number, index: number): Buffer {
  return mutatedBytes(corpus, new Choices(seededRandom(seed * 1_000_003 + index)));
}

/**
 * Sends mutated messages from many connections at once, and well-formed ones between them, which must be answered as
 * ever. Ends early when the server is gone.
 */
export async function fuzzPort(options: FuzzOptions): Promise<FuzzReport> {
  const run = new FuzzRun(options);
  const good = run.sendGood();
  await Promise.all(Array.from({ length: lanes }, () => run.sendMutated()));
  run.over = true;
  await good;
  return run.report();
}

class FuzzRun {
  over = false;
  readonly #options: FuzzOptions;
  readonly #statuses = new Map<string, number>();
  readonly #findings: FuzzFinding[] = [];
  #next = 0;
  #goodRequests = 0;
  #slowestGood = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  async sendMutated(): Promise<void> {
    const { port, messages, seed, corpus, hangMilliseconds } = this.#options;
    while (this.#next < messages && this.#findings.length < mostFindings) {
      const index = this.#next;
      this.#next += 1;
      const bytes = fuzzMessage(corpus, seed, index);
      this.#judge(await exchangeBytes(port, bytes, { pauseMilliseconds, hangMilliseconds }), bytes, index);
    }
  }

  async sendGood(): Promise<void> {
    const { port, corpus, hangMilliseconds } = this.#options;
    const patience = { pauseMilliseconds: hangMilliseconds, hangMilliseconds };
    for (let i = 0; !this.over; i += 1) {
      const bytes = messageBytes(corpus[i % corpus.length] as HttpMessage);
      const start = performance.now();
      const { answer, refused } = await exchangeBytes(port, bytes, patience);
      const milliseconds = performance.now() - start;
      this.#goodRequests += 1;
      this.#slowestGood = Math.max(this.#slowestGood, milliseconds);
      const status = statusOf(answer);
      if (refused) this.#find("Crash", null, "nobody listens any more");
      else if (milliseconds > hangMilliseconds) this.#find("Hang", null, `${Math.round(milliseconds)} ms`);
      else if (status !== 200) this.#find("GoodRequestFailed", null, `status ${status}: ${answer.toString("latin1")}`);
      await sleep(betweenGoodMilliseconds);
    }
  }

  report(): FuzzReport {
    return {
      messages: this.#next,
      statuses: Object.fromEntries([...this.#statuses].sort()),
      findings: this.#findings,
      goodRequests: this.#goodRequests,
      slowestGoodMilliseconds: this.#slowestGood,
    };
  }

  #judge({ answer, hung, refused }: ByteExchange, bytes: Uint8Array, index: number): void {
    const status = statusOf(answer);
    const key = String(status ?? "none");
    this.#statuses.set(key, (this.#statuses.get(key) ?? 0) + 1);
    if (refused) this.#find("Crash", index, "nobody listens any more");
    if (hung) this.#find("Hang", index, "the connection stayed open");
    const leak = leakIn(answer, bytes);
    if (leak !== null) this.#find("Leak", index, leak);
    // 501, 503 and 505 are what a client may get; 500 says that the server did not foresee something.
    if (status === 500) this.#find("ServerError", index, answer.toString("latin1").slice(-200));
  }

  #find(kind: FuzzFinding["kind"], index: number | null, detail: string): void {
    this.#findings.push({ kind, index, detail: detail.slice(0, 300) });
  }
}
